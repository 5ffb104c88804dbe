// A campaign the plain Node way: a row and a BullMQ job per message; a job is one POST and one UPDATE.
//   node campaign.mjs RECIPIENTS CONCURRENCY VALKEY_SOCKET PG_SOCKET_FOLDER STUB_PORT
// It keeps no limits, no consent, no attempts, no events, and has no answer to a crash: the floor, not a rival.
// Prints one line of JSON.
import { Queue, Worker } from 'bullmq'
import pg from 'pg'
import { Pool } from 'undici'

const [recipients, concurrency, stubPort] = [2, 3, 6].map((index) => Number(process.argv[index]))
const [valkeySocket, pgFolder] = process.argv.slice(4, 6)
const connection = { path: valkeySocket, maxRetriesPerRequest: null }
const database = new pg.Pool({ host: pgFolder, user: 'postgres', database: 'postgres', max: 10 })
await database.query('drop table if exists peer_message')
await database.query(
  'create table peer_message(id bigint primary key, phone text, status text, wamid text, sent_at timestamptz)')
const queue = new Queue('peer', { connection })
await queue.obliterate({ force: true })

const began = performance.now()
await database.query(`insert into peer_message(id, phone, status)
  select n, '55119' || lpad(n::text, 8, '0'), 'queued' from generate_series(1, $1::int) n`, [recipients])
for (let start = 1; start <= recipients; start += 1000) {
  const jobs = []
  for (let id = start; id < Math.min(start + 1000, recipients + 1); id++) {
    jobs.push({ name: 'send', data: { id, phone: '55119' + String(id).padStart(8, '0') },
      opts: { attempts: 3, removeOnComplete: true } })
  }
  await queue.addBulk(jobs)
}
const queued = performance.now()

const provider = new Pool(`http://127.0.0.1:${stubPort}`, { connections: concurrency })
const headers = { authorization: 'Bearer ' + 'x'.repeat(64), 'content-type': 'application/json' }
let sent = 0
let allSent
const finished = new Promise((resolve) => { allSent = resolve })
const worker = new Worker('peer', async (job) => {
  const answer = await provider.request({ method: 'POST', path: '/v25.0/1/messages', headers, body: JSON.stringify({
    messaging_product: 'whatsapp', recipient_type: 'individual', to: job.data.phone, type: 'template',
    template: { name: 'promo', language: { code: 'pt_BR' }, components: [{ type: 'body', parameters: [
      { type: 'text', text: 'Maria' }, { type: 'text', text: 'Niterói' }] }] } }) })
  const { messages } = await answer.body.json()
  await database.query("update peer_message set status = 'sent', wamid = $2, sent_at = now() where id = $1",
    [job.data.id, messages[0].id])
  if (++sent === recipients) allSent()
}, { connection, concurrency })
await finished
const ended = performance.now()

console.log(JSON.stringify({ recipients, concurrency,
  queue_seconds: (queued - began) / 1000, send_seconds: (ended - queued) / 1000, seconds: (ended - began) / 1000,
  cpu: (process.cpuUsage().user + process.cpuUsage().system) / 1e6, rss_mb: Math.round(process.memoryUsage.rss() / 1e6) }))
await worker.close()
await queue.close()
await provider.close()
await database.end()
process.exit(0)
