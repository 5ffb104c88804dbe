// A provider's webhook the plain Node way: Express, the signature over the raw body, one INSERT, then 200.
//   node ingest.mjs PG_SOCKET_FOLDER APP_SECRET
// Prints the port it took.
import { createHmac, timingSafeEqual } from 'node:crypto'
import express from 'express'
import pg from 'pg'

const [pgFolder, secret] = process.argv.slice(2)
const database = new pg.Pool({ host: pgFolder, user: 'postgres', database: 'postgres', max: 10 })
await database.query(`create table if not exists peer_event(
  id bigint generated always as identity primary key, body bytea not null, received_at timestamptz not null default now())`)
const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.post('/webhook', express.raw({ type: () => true, limit: '3mb' }), async (request, response) => {
  const expected = Buffer.from('sha256=' + createHmac('sha256', secret).update(request.body).digest('hex'))
  const given = Buffer.from(request.get('x-hub-signature-256') ?? '')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return response.sendStatus(401)
  await database.query('insert into peer_event(body) values ($1)', [request.body])
  response.sendStatus(200)
})
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
