// A mail server to be tested against (npm's smtp-server). Prints its port, and writes each mail it takes to
// DIRECTORY: 1.eml and 1.json, then 2 and so on.
//   node smtp_server.cjs DIRECTORY '{"port": 0, "tls": {...}, ...}'
const fs = require('fs');
const path = require('path');
const { SMTPServer } = require('smtp-server');
const { SMTPConnection } = require('smtp-server/lib/smtp-connection');

const [directory, text] = process.argv.slice(2);
// tls: {key, cert}, files; implicit: TLS from the first byte; starttls: whether it is offered; user, password: who
// must sign in; refuse: {mail|rcpt|data: status}, and {auth: status} for those who may not; mute: does not answer QUIT;
// hang: does not answer RCPT, and makes the file "hangs".
const options = JSON.parse(text);
let count = fs.readdirSync(directory).filter((name) => name.endsWith('.eml')).length;

const refusal = (stage) => {
  const status = (options.refuse || {})[stage];
  return status ? Object.assign(new Error(`not at this ${stage}`), { responseCode: status }) : null;
};

if (options.mute) SMTPConnection.prototype.handler_QUIT = () => {};

const server = new SMTPServer({
  logger: false,
  disableReverseLookup: true,
  secure: Boolean(options.implicit),
  key: options.tls && fs.readFileSync(options.tls.key),
  cert: options.tls && fs.readFileSync(options.tls.cert),
  hideSTARTTLS: !options.starttls,
  disabledCommands: [...(options.starttls ? [] : ['STARTTLS']), ...(options.user ? [] : ['AUTH'])],
  authOptional: !options.user,
  onAuth: (auth, session, done) =>
    auth.username === options.user && auth.password === options.password
      ? done(null, { user: auth.username })
      : done(Object.assign(new Error(`not with ${auth.password}`), { responseCode: (options.refuse || {}).auth || 535 })),
  onMailFrom: (address, session, done) => done(refusal('mail')),
  onRcptTo: (address, session, done) =>
    options.hang ? fs.writeFileSync(path.join(directory, 'hangs'), '') : done(refusal('rcpt')),
  onData: (stream, session, done) => {
    const pieces = [];
    stream.on('data', (piece) => pieces.push(piece));
    stream.on('end', () => {
      const refused = refusal('data');
      if (refused) return done(refused);
      const name = path.join(directory, String(++count));
      fs.writeFileSync(`${name}.eml`, Buffer.concat(pieces));
      const { mailFrom, rcptTo } = session.envelope;
      fs.writeFileSync(`${name}.json`, JSON.stringify({
        from: mailFrom.address,
        to: rcptTo.map((recipient) => recipient.address),
        user: session.user || '',
        secure: session.secure,
        session: session.id,
      }));
      done();
    });
  },
});
server.on('error', () => {}); // of one connection: a client that does not trust us
server.listen(options.port || 0, '127.0.0.1', () => console.log(server.server.address().port));
