// A contact list the plain Node way: lines, a pattern for numbers, one INSERT .. ON CONFLICT per row.
//   node import.mjs FILE PG_SOCKET_FOLDER CONCURRENCY
// Prints one line of JSON.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import pg from 'pg'

const [file, pgFolder, concurrency] = process.argv.slice(2)
const database = new pg.Pool({ host: pgFolder, user: 'postgres', database: 'postgres', max: 10 })
await database.query(`drop table if exists peer_contact; create table peer_contact(id bigint generated always as identity primary key,
  phone text unique, name text, email text, tags text[], custom jsonb)`)

const began = performance.now()
let rows = 0
async function* people() {
  let header = true
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (header) { header = false; continue }
    rows++
    const [name, number, email, tag, city] = line.split(';')
    const digits = number.replace(/\D/g, '')
    if (/^\d{10,11}$/.test(digits)) yield [name, '+55' + digits, email, tag ? [tag] : [], { cidade: city }]
  }
}
const waiting = people()
await Promise.all(Array.from({ length: Number(concurrency) }, async () => {
  for (;;) {
    const { value, done } = await waiting.next()
    if (done) return
    await database.query({ name: 'add', text: `insert into peer_contact(name, phone, email, tags, custom) values ($1, $2, $3, $4, $5)
      on conflict (phone) do update set name = excluded.name, email = excluded.email, tags = excluded.tags, custom = excluded.custom`,
      values: value })
  }
}))
const seconds = (performance.now() - began) / 1000
const people_kept = Number((await database.query('select count(*) from peer_contact')).rows[0].count)
console.log(JSON.stringify({ rows, people: people_kept, seconds,
  cpu: (process.cpuUsage().user + process.cpuUsage().system) / 1e6, rss_mb: Math.round(process.memoryUsage.rss() / 1e6) }))
await database.end()
