// A user service that keeps its users in memory.
const express = require('express')

const users = new Map([['1', { id: '1', name: 'Ann', email: 'ann@example.com', role: 'customer' }]])
const app = express()
app.get('/users/:id', (request, response) => {
  const user = users.get(request.params.id)
  if (user) response.json(user)
  else response.status(404).json({ error: 'not found' })
})
app.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'))
