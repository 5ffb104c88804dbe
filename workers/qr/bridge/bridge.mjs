// WhatsApp's linked devices for the gateway: one JSON object per line on stdin and stdout (workers/qr/bridge.py). It opens connections, asks the
// gateway for every key, tells what it hears and waits until that is safe. It decides nothing and keeps nothing.

// The cipher library prints live keys to the console: nothing but the protocol may reach stdout, and nothing at all stderr.
const write = process.stdout.write.bind(process.stdout)
for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table']) console[name] = () => {}

// A timer keeps what it was started in, and the engine keeps some for days: of a transaction, all keys that were read in it. None is started within one.
const { AsyncResource } = await import('node:async_hooks')
const [outside, later] = [new AsyncResource('outside'), setTimeout]
globalThis.setTimeout = Object.defineProperties((...given) => outside.runInAsyncScope(later, null, ...given), Object.getOwnPropertyDescriptors(later))

const { createRequire } = await import('node:module')
const { default: connect, ...engine } = await import('@whiskeysockets/baileys')
const { proto, initAuthCreds, makeCacheableSignalKeyStore, BufferJSON, Browsers, USyncQuery, USyncUser } = engine
const { ON_DEMAND } = proto.HistorySync.HistorySyncType

const TEST = process.env.MASTERIA_ENV === 'test' // only then is another server than WhatsApp's spoken to
if (TEST && process.env.WA_ROOT_KEY) {
  const defaults = await import('@whiskeysockets/baileys/lib/Defaults/index.js')
  defaults.WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(process.env.WA_ROOT_KEY, 'hex')
}
const SILENCE = 20_000 // without a line from the gateway for so long, it may have lost its leases: every connection ends
const ACK = 60_000 // longer than the gateway waits
const KEPT = 500 // events told at once
const SAFE = 2000 // ids of messages that are told of already
const WRITING = new Set(['composing', 'recording'])
const SILENT = ['senderKeyDistributionMessage', 'messageContextInfo']
const RECEIPTS = { '': 3, inactive: 3, read: 4, played: 5 }

const silent = { level: 'silent', child: () => silent }
for (const name of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) silent[name] = () => {}

const [sessions, asked] = [new Map(), new Map()]
let [number, heard] = [0, Date.now()]

const say = object => write(JSON.stringify(object) + '\n')
const pack = value => JSON.stringify(value, BufferJSON.replacer)
const unpack = text => JSON.parse(text, BufferJSON.reviver)
const seconds = value => (value === undefined || value === null ? null : Number(value.toNumber ? value.toNumber() : value))

function ask(line, what, value) {
  const n = ++number
  say({ ask: n, line, what, value })
  return new Promise((resolve, reject) => asked.set(n, { resolve, reject }))
}

class Session {
  constructor(line, opening) {
    Object.assign(this, { line, opening, waiting: new Map(), over: false, chain: Promise.resolve() })
    Object.assign(this, { sealed: new WeakMap(), safe: new Set() })
  }

  // One after the other, each safe before the next: a connection whose news cannot be kept ends.
  after(step) {
    const next = this.chain.then(step)
    this.chain = next.catch(error => this.end(error))
    return next
  }

  tell(events) {
    return events.length && !this.over ? this.after(() => ask(this.line, 'told', events)) : this.chain
  }

  keep(batch) {
    return ask(this.line, 'keep', batch)
  }

  async received({ attrs, content }) {
    const status = RECEIPTS[attrs.type ?? '']
    if (!status || this.over) return
    const others = Array.isArray(content) ? (content[0]?.content ?? []) : []
    const ids = [attrs.id, ...(Array.isArray(others) ? others.map(one => one.attrs?.id) : [])].filter(Boolean)
    await ask(this.line, 'told', ids.map(id => receipt({ remoteJid: attrs.from, id }, status, attrs.t)))
  }

  // What was opened is safe before its keys are written and before the platform hears that we have it: whatever dies in between, it comes again.
  async opened(sealed, plain) {
    const node = this.sealed.get(sealed)
    if (!node) return
    const { id, lid } = this.creds.me
    const { fullMessage } = engine.decodeMessageNode(node, id, lid ?? '')
    const content = proto.Message.decode(engine.unpadRandomMax16(plain))
    const byHand = content.deviceSentMessage?.message
    fullMessage.message = byHand ? Object.assign(byHand, { messageContextInfo: byHand.messageContextInfo ?? content.messageContextInfo }) : content
    engine.cleanMessage(fullMessage, id, lid ?? '')
    if (!isSaid(fullMessage)) return
    await ask(this.line, 'told', [message(fullMessage, false, this.creds.me)]).catch(error => {
      this.end(error)
      return new Promise(() => {}) // neither its keys are written nor anything is answered
    })
    this.safe.add(node.attrs.id)
    if (this.safe.size > SAFE) this.safe.delete(this.safe.values().next().value)
  }

  repository(auth, ...rest) {
    const made = engine.DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, ...rest)
    const first = (open, sealed, key) => given =>
      auth.keys.transaction(async () => {
        const plain = await open(given)
        await this.opened(given[sealed], plain)
        return plain
      }, given[key])
    const decryptMessage = first(made.decryptMessage, 'ciphertext', 'jid')
    return { ...made, decryptMessage, decryptGroupMessage: first(made.decryptGroupMessage, 'msg', 'group') }
  }

  async start() {
    const [found] = await ask(this.line, 'keys', [['creds', '']])
    this.creds = found ? unpack(found) : initAuthCreds()
    const store = {
      get: async (kind, ids) => {
        const texts = await ask(this.line, 'keys', ids.map(id => [kind, id]))
        const values = texts.map(text => (text === null ? undefined : unpack(text)))
        if (kind === 'app-state-sync-key')
          for (const [at, one] of values.entries()) values[at] = one && proto.Message.AppStateSyncKeyData.fromObject(one)
        return Object.fromEntries(ids.map((id, at) => [id, values[at]]).filter(([, value]) => value !== undefined))
      },
      set: async data => {
        const batch = []
        for (const [kind, some] of Object.entries(data))
          for (const [id, value] of Object.entries(some)) batch.push([kind, id, value ? pack(value) : null])
        await this.keep(batch).catch(error => {
          this.end(error)
          throw error
        })
      },
    }
    if (this.over) return
    this.sock = connect({
      auth: { creds: this.creds, keys: makeCacheableSignalKeyStore(store, silent) },
      logger: silent,
      browser: [this.opening.device, 'Chrome', Browsers.ubuntu('')[2]],
      syncFullHistory: false,
      makeSignalRepository: (...given) => this.repository(...given),
      shouldSyncHistoryMessage: ({ syncType }) => this.opening.history || syncType === ON_DEMAND,
      markOnlineOnConnect: false, // or the phone rings no more
      emitOwnEvents: false, // what was not acknowledged must not look as if it had been
      getMessage: async key => {
        const text = await ask(this.line, 'sent', key.id).catch(() => null)
        return text === null ? undefined : { conversation: text }
      },
      ...(TEST && process.env.WA_URL ? { waWebSocketUrl: process.env.WA_URL } : {}),
      ...(process.env.WA_VERSION ? { version: process.env.WA_VERSION.split('.').map(Number) } : {}),
    })
    const { ev, ws } = this.sock
    ev.on('creds.update', () => void this.after(() => this.keep([['creds', '', pack(this.creds)]])).catch(() => {}))
    ev.on('connection.update', update => this.changed(update))
    ev.on('message-capping.update', told => {
      const until = told.cycle_end_timestamp ?? told.cycle_end ?? null
      void this.tell([{ type: 'quota', total: told.total_quota ?? null, used: told.used_quota ?? null, until: until && Number(until) }])
    })
    ws.on('CB:message', node => {
      for (const { content } of Array.isArray(node.content) ? node.content : []) if (content instanceof Uint8Array) this.sealed.set(content, node)
    })
    // The engine hears of a receipt, and acknowledges it, once it is safe.
    const emit = ws.emit.bind(ws)
    ws.emit = (name, ...given) => {
      if (name !== 'CB:receipt') return emit(name, ...given)
      this.received(given[0]).then(() => emit(name, ...given)).catch(error => this.end(error))
      return true
    }
    ev.on('messages.upsert', ({ messages, type }) => {
      const rest = messages.filter(one => isSaid(one) && !this.safe.has(one.key.id))
      void this.tell(rest.map(one => message(one, type === 'history', this.creds.me)))
    })
    ev.on('messaging-history.set', ({ messages, syncType }) => {
      const asked = syncType === ON_DEMAND && this.opening.since
      const past = one => !asked || seconds(one.messageTimestamp) < asked
      for (let at = 0; at < messages.length; at += KEPT)
        void this.tell(messages.slice(at, at + KEPT).map(one => message(one, past(one), this.creds.me)))
    })
    ev.on('groups.update', updates => {
      void this.tell(updates.filter(({ id, subject }) => id && subject).map(({ id, subject }) => ({ type: 'called', chat: id, subject })))
    })
    ev.on('group-participants.update', ({ id }) => void this.tell([{ type: 'members', chat: id }]))
    ev.on('messages.update', updates => {
      const mine = updates.filter(({ key, update }) => key.fromMe && update.status < 3) // the rest was told when it came
      void this.tell(mine.map(({ key, update }) => receipt(key, update.status, update.messageTimestamp)))
      const opened = updates.filter(({ update }) => update.message && !update.status)
      void this.tell(opened.map(({ key, update }) => message({ key, ...update }, false, this.creds.me)))
    })
    ev.on('presence.update', ({ id, presences }) => {
      if (!this.over && Object.values(presences).some(one => WRITING.has(one.lastKnownPresence))) void this.writes(id).catch(() => {})
    })
    ws.on('CB:ack,class:message', ({ attrs }) => {
      if (!attrs.error) void this.tell([receipt({ remoteJid: attrs.from, id: attrs.id }, 2, attrs.t)])
      this.settle(attrs.id, attrs.error ? { code: Number(attrs.error) || 0 } : {})
    })
  }

  changed({ connection, lastDisconnect, qr, isNewLogin, reachoutTimeLock }) {
    if (qr && this.opening.phone) void this.digits()
    else if (qr) {
      void this.tell([{ type: 'code', kind: 'qr', text: qr, seconds: this.shown ? 20 : 60 }])
      this.shown = true
    }
    if (isNewLogin) {
      const { id, lid, name } = this.creds.me
      void this.tell([{ type: 'paired', jid: id.replace(/:\d+@/, '@'), lid: lid?.replace(/:\d+@/, '@') ?? null, name: name ?? null }])
    }
    if (connection === 'open') void this.tell([{ type: 'opened' }])
    if (reachoutTimeLock?.isActive) {
      const until = reachoutTimeLock.timeEnforcementEnds
      void this.tell([{ type: 'restricted', until: (until ? until.getTime() : Date.now() + 3_600_000) / 1000 }])
    }
    if (connection === 'close') {
      const { output, data, message: detail } = lastDisconnect?.error ?? {}
      const code = output?.statusCode ?? null
      const ends = Number(data?.expire)
      const until = code === 402 && ends > 0 ? Date.now() / 1000 + ends : null
      void this.tell([{ type: 'closed', code, until, detail: detail ?? '', expired: /QR refs/.test(detail ?? '') }])
      this.end()
    }
  }

  // Eight signs that are typed in; asked for once, when the server is ready for a new device.
  async digits() {
    if (this.shown) return
    this.shown = true
    const code = await this.sock.requestPairingCode(this.opening.phone.replace(/\D/g, '')).catch(() => null)
    if (code) void this.tell([{ type: 'code', kind: 'digits', text: code, seconds: 160 }])
  }

  settle(id, answer) {
    this.waiting.get(id)?.(answer)
    this.waiting.delete(id)
  }

  async send({ jid, letter }) {
    if (!this.sock?.ws.isOpen) return { not_sent: true }
    const sent = proto.Message.fromObject(filled(jid, letter))
    const acknowledged = new Promise(resolve => this.waiting.set(letter.id, resolve))
    const late = setTimeout(() => this.settle(letter.id, { lost: true }), ACK)
    try {
      const edit = letter.change && (letter.change[1] !== null ? '1' : letter.writer ? '8' : '7')
      await this.sock.relayMessage(jid, sent, { messageId: letter.id, ...(edit ? { additionalAttributes: { edit } } : {}) })
      return await acknowledged
    } catch {
      return { lost: true } // nobody knows how far it came
    } finally {
      clearTimeout(late)
      this.waiting.delete(letter.id)
    }
  }

  async find({ numbers }) {
    if (!this.sock?.ws.isOpen) return { not_sent: true }
    const query = new USyncQuery().withContactProtocol()
    for (const number of numbers) query.withUser(new USyncUser().withPhone(number))
    const { list } = await this.sock.executeUSyncQuery(query)
    return { jids: list.map(({ id, contact }) => (contact ? id : null)) }
  }

  async uploads() {
    if (!this.sock?.ws.isOpen) return { not_sent: true }
    const { hosts, auth, ttl } = await this.sock.refreshMediaConn(true)
    return { hosts: hosts.map(({ hostname }) => hostname), auth, seconds: ttl || 0 }
  }

  async read({ chat, ids }) {
    if (!this.sock?.ws.isOpen) return { not_sent: true }
    await this.sock.readMessages(ids.map(id => ({ remoteJid: chat, id, fromMe: false })))
    return {}
  }

  async show({ chat, what }) {
    if (!this.sock?.ws.isOpen) return { not_sent: true }
    await this.sock.sendPresenceUpdate(what === 'typing' ? 'composing' : 'paused', chat)
    return {}
  }

  // The platform tells an online device alone who writes, and an online device keeps the phone from ringing: so for a moment only.
  async watch({ chat, seconds }) {
    if (!this.sock?.ws.isOpen) return { not_sent: true }
    if (!this.online) await this.sock.sendPresenceUpdate('available')
    clearTimeout(this.online)
    this.online = setTimeout(() => this.unwatch(), seconds * 1000)
    await this.sock.presenceSubscribe(chat)
    return {}
  }

  unwatch() {
    this.online = undefined
    if (!this.over && !this.visible && this.sock.ws.isOpen) void this.sock.sendPresenceUpdate('unavailable').catch(() => {})
  }

  async writes(chat) {
    const found = chat.endsWith('@lid') && (await this.sock.signalRepository.lidMapping.getPNForLID(chat))
    await ask(this.line, 'told', [{ type: 'writes', chat, alt: found ? engine.jidNormalizedUser(found) : null }])
  }
  async group({ chat }) {
    if (!this.sock?.ws.isOpen) return { not_sent: true }
    const { subject = '', participants } = await this.sock.groupMetadata(chat)
    const named = participants.filter(({ admin }) => admin).flatMap(({ id, phoneNumber, lid }) => [id, phoneNumber, lid].filter(Boolean))
    return { subject, admins: named.map(jid => engine.jidNormalizedUser(jid)) }
  }

  async available({ on }) {
    if (!this.sock?.ws.isOpen) return { not_sent: true }
    this.visible = on
    await this.sock.sendPresenceUpdate(on ? 'available' : 'unavailable')
    return {}
  }

  async history({ chat, id, at, count }) {
    await this.sock.fetchMessageHistory(count, { remoteJid: chat, id, fromMe: false }, at)
    return {}
  }

  async logout() {
    await this.sock?.logout().catch(() => {})
    this.end()
    return {}
  }

  end() {
    if (this.over) return
    this.over = true
    if (sessions.get(this.line) === this) sessions.delete(this.line)
    clearTimeout(this.online)
    for (const id of [...this.waiting.keys()]) this.settle(id, { lost: true })
    if (this.sock) void this.sock.end(undefined)
  }
}

function changed(jid, [id, text], writer) {
  const key = { remoteJid: jid, id, fromMe: !writer, ...(writer ? { participant: writer } : {}) }
  if (text === null) return { protocolMessage: { key, type: 'REVOKE' } }
  return { protocolMessage: { key, type: 'MESSAGE_EDIT', editedMessage: { extendedTextMessage: { text } }, timestampMs: Date.now() } }
}

function filled(jid, { message, reply_to, reaction, change, writer }) {
  if (change) return changed(jid, change, writer)
  if (reaction) {
    const key = { remoteJid: jid, id: reaction[0], fromMe: false, ...(writer ? { participant: writer } : {}) }
    return { reactionMessage: { key, text: reaction[1], senderTimestampMs: Date.now() } }
  }
  if (!reply_to) return message
  const [[name, part]] = Object.entries(message)
  const contextInfo = { stanzaId: reply_to, participant: writer ?? jid, quotedMessage: { conversation: '' } }
  return { [name]: { ...part, contextInfo } }
}

// Not what devices tell each other: keys and settings are nobody's words, and lie nowhere unsealed. In a group the key comes first, under the
// id of the message that it opens.
function isSaid({ message: content }) {
  const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type
  if (content && Object.keys(content).length && Object.keys(content).every(name => SILENT.includes(name))) return false
  return !content?.protocolMessage || [REVOKE, MESSAGE_EDIT].includes(content.protocolMessage.type)
}

function message({ key, message: content, messageTimestamp, pushName, messageStubType }, history, { id, lid } = {}) {
  const isOurs = [id, lid].some(one => engine.areJidsSameUser(one, key.remoteJidAlt)) // of what was written on the phone, the writer's
  const by = { by: key.participant ?? null, by_alt: key.participantAlt ?? null, username: key.remoteJidUsername ?? null } // the first two in a group
  const said = { jid: key.remoteJid, alt: (!isOurs && key.remoteJidAlt) || null, ...by, from_me: !!key.fromMe, at: seconds(messageTimestamp), name: pushName ?? null }
  const whole = !!content && messageStubType !== proto.WebMessageInfo.StubType.CIPHERTEXT
  return { type: 'message', chat: key.remoteJid, id: key.id, whole, history, message: { ...said, content: content ?? null } }
}

function receipt(key, status, at) {
  return { type: 'receipt', chat: key.remoteJid, id: key.id, status, at: seconds(at) }
}

async function obey({ op, n, line, ...rest }) {
  if (op === 'answer') {
    const { resolve, reject } = asked.get(n) ?? {}
    asked.delete(n)
    return rest.error ? reject?.(new Error(rest.error)) : resolve?.(rest.value)
  }
  let session = sessions.get(line)
  if (op === 'start') {
    session?.end()
    session = new Session(line, rest.opening)
    sessions.set(line, session)
    session.start().catch(error => {
      void session.tell([{ type: 'closed', code: null, detail: `not started: ${error.name}` }])
      session.end()
    })
  } else if (op === 'stop') session?.end()
  else if (op === 'beat') say({})
  else {
    const value = session && !session.over ? await session[op](rest).catch(() => ({ lost: true })) : { not_sent: true }
    say({ done: n, value })
  }
}

process.on('uncaughtException', () => {}) // one session's fault is not another's; its connection ends by itself
process.on('unhandledRejection', () => {})
setInterval(() => Date.now() - heard > SILENCE && process.exit(3), 1000)
let rest = ''
process.stdin.setEncoding('utf8')
process.stdin.on('end', () => process.exit(0))
process.stdin.on('data', text => {
  heard = Date.now()
  const lines = (rest + text).split('\n')
  rest = lines.pop()
  for (const one of lines) if (one) void obey(JSON.parse(one))
})
say({ hello: `baileys ${createRequire(import.meta.url)('@whiskeysockets/baileys/package.json').version}` })
