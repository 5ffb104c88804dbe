// Stored status webhooks the plain Node way: read some, one UPDATE per status by the provider's id, one for the webhook.
//   node statuses.mjs PG_SOCKET_FOLDER CONCURRENCY
// Prints one line of JSON.
import pg from 'pg'

const [pgFolder, concurrency] = process.argv.slice(2)
const database = new pg.Pool({ host: pgFolder, user: 'postgres', database: 'postgres', max: 10 })
const ranks = { sent: 1, delivered: 2, read: 3 }
let events = 0

async function apply({ id, body }) {
  for (const entry of JSON.parse(body).entry) {
    for (const change of entry.changes) {
      for (const status of change.value.statuses ?? []) {
        await database.query({ name: 'apply',
          text: 'update peer_message set status = $2, rank = $3, updated_at = to_timestamp($4) where wamid = $1 and rank < $3',
          values: [status.id, status.status, ranks[status.status], Number(status.timestamp)] })
      }
    }
  }
  await database.query({ name: 'done', text: 'update peer_event set done_at = now() where id = $1', values: [id] })
  events++
}

const began = performance.now()
for (;;) {
  const { rows } = await database.query('select id, body from peer_event where done_at is null order by id limit 1000')
  if (!rows.length) break
  const waiting = rows.values()
  await Promise.all(Array.from({ length: Number(concurrency) }, async () => { for (const row of waiting) await apply(row) }))
}
const seconds = (performance.now() - began) / 1000
console.log(JSON.stringify({ events, seconds,
  cpu: (process.cpuUsage().user + process.cpuUsage().system) / 1e6, rss_mb: Math.round(process.memoryUsage.rss() / 1e6) }))
await database.end()
