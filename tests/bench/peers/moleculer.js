// Gateway, users and orders in one Moleculer process, all in memory: no saga, no stock, no payment.
const { ServiceBroker } = require('moleculer')
const ApiGateway = require('moleculer-web')

const users = new Map([['1', { id: '1', name: 'Ann', email: 'ann@example.com', role: 'customer' }]])
const orders = new Map()
const broker = new ServiceBroker({ logger: false })
broker.createService({
  name: 'users',
  actions: { get: (ctx) => users.get(ctx.params.id) }
})
broker.createService({
  name: 'orders',
  actions: {
    async create(ctx) {
      const user = await ctx.call('users.get', { id: ctx.params.userId })
      const order = { id: String(orders.size + 1), userId: user.id, items: ctx.params.items, status: 'created' }
      orders.set(order.id, order)
      ctx.meta.$statusCode = 201
      return order
    }
  }
})
broker.createService({
  mixins: [ApiGateway],
  settings: {
    port: Number(process.argv[2]),
    ip: '127.0.0.1',
    routes: [{
      path: '/',
      bodyParsers: { json: true },
      aliases: { 'GET users/:id': 'users.get', 'POST orders': 'orders.create' }
    }]
  }
})
broker.start().then(() => console.log('ready'))
