// A program of somebody else's that wants events (npm's amqplib): asserts the durable queue QUEUE, says so by the line
// "ready", and prints a line of JSON for each message it gets.
//   node consume.cjs URL QUEUE
const amqplib = require('amqplib');

const [url, queue] = process.argv.slice(2);
(async () => {
  const connection = await amqplib.connect(url);
  const channel = await connection.createChannel();
  await channel.assertQueue(queue, { durable: true });
  await channel.consume(queue, (message) => {
    const { contentType, messageId } = message.properties;
    console.log(JSON.stringify({ contentType, messageId, event: JSON.parse(message.content.toString()) }));
    channel.ack(message);
  });
  console.log('ready');
})();
