// An order service that asks the user service and keeps its orders in memory: no saga, no stock, no payment.
const express = require('express')
const axios = require('axios')
const http = require('http')

const [port, users] = process.argv.slice(2)
const ask = axios.create({ baseURL: `http://127.0.0.1:${users}`, httpAgent: new http.Agent({ keepAlive: true }) })
const orders = new Map()
const app = express()
app.use(express.json())
app.post('/orders', async (request, response) => {
  try {
    const { data: user } = await ask.get(`/users/${request.body.userId}`)
    const order = { id: String(orders.size + 1), userId: user.id, items: request.body.items, status: 'created' }
    orders.set(order.id, order)
    response.status(201).json(order)
  } catch (error) {
    response.status(502).json({ error: error.message })
  }
})
app.listen(Number(port), '127.0.0.1', () => console.log('ready'))
