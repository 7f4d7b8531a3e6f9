// A gateway as Express stacks have it: http-proxy in front of the services.
const express = require('express')
const httpProxy = require('http-proxy')
const http = require('http')

const [port, users, orders] = process.argv.slice(2)
const proxy = httpProxy.createProxyServer({ agent: new http.Agent({ keepAlive: true }) })
const app = express()
app.use((request, response) => {
  const target = request.url.startsWith('/orders') ? orders : users
  proxy.web(request, response, { target: `http://127.0.0.1:${target}` })
})
app.listen(Number(port), '127.0.0.1', () => console.log('ready'))
