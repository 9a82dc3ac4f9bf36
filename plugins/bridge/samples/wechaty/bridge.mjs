// Joins a Wechaty bot to qund by the plain bridge protocol (docs/channels.md). Copy it, change it.
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { types } from 'wechaty'
import WebSocket from 'ws'

// Events that qund has not acknowledged, in a file: whoever is killed, each is sent until it is stored. The first line
// names the counter and its last number, each further one is an event.
export class Outbox {
  constructor (file) {
    this.file = file
    const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
    const head = lines.length ? JSON.parse(lines.shift()) : { counter: randomUUID(), last: 0 }
    this.counter = head.counter
    this.waiting = lines.flatMap(line => { try { return [JSON.parse(line)] } catch { return [] } }) // a torn last line
    this.last = Math.max(head.last, ...this.waiting.map(e => e.seq))
    this.write()
  }

  write () { // anew and whole, so that a kill leaves the old one or the new one
    const lines = [{ counter: this.counter, last: this.last }, ...this.waiting].map(o => JSON.stringify(o) + '\n')
    fs.writeFileSync(this.file + '.new', lines.join(''))
    fs.renameSync(this.file + '.new', this.file)
    this.gone = 0 // lines of the file that wait no more
  }

  push (event) {
    const numbered = { t: 'event', seq: ++this.last, ...event }
    this.waiting.push(numbered)
    fs.appendFileSync(this.file, JSON.stringify(numbered) + '\n')
    return numbered
  }

  acked (seq) {
    for (; this.waiting.length && this.waiting[0].seq <= seq; this.gone++) this.waiting.shift()
    if (this.gone > this.waiting.length) this.write() // so the file is never twice as long as it need be
  }
}

const KINDS = { Image: 'image', Emoticon: 'image', Audio: 'voice', Video: 'video', Attachment: 'file', Url: 'link', MiniProgram: 'card', Contact: 'card', Location: 'location' }
const FILES = ['image', 'voice', 'video', 'file']
const ENDS = { 4400: 'this program says it wrong', 4406: 'this program is too old', 4409: 'the same account has connected again; there must be one of it' }

// Whoever is asked may never answer: after `ms`, or a no, the `other` has to do, so that what comes behind is not held up.
const within = (ms, asked, other) => new Promise(resolve => {
  const timer = setTimeout(resolve, ms, other)
  asked.catch(() => other).then(answer => { clearTimeout(timer); resolve(answer) })
})
const person = c => ({ id: c.id, name: c.name(), ...(c.self() && { self: true }) })
const group = async (r, ms) => ({ id: r.id, type: 'group', name: await within(ms, r.topic()) })

async function media (m, kind) { // without its bytes where it is too big
  const box = await m.toFileBox()
  const data = await box.toBase64()
  return [{ kind, name: box.name, ...(data.length < 4e6 && { data_b64: data }) }]
}

async function message (m, ms) {
  const kind = KINDS[types.Message[m.type()]]
  const conv = m.room() ? await group(m.room(), ms) : { id: (m.self() ? m.listener() : m.talker())?.id, type: 'direct' }
  const base = { ts: m.date().getTime(), conv, from: person(m.talker()) }
  if (m.type() === types.Message.Recalled) return { kind: 'recall', ...base, msg: { id: (await within(ms, m.toRecalled()))?.id ?? m.text() } }
  const mentions = (await within(ms, m.mentionList(), [])).map(c => c.id)
  const shown = FILES.includes(kind) ? await within(ms, media(m, kind), [{ kind }]) : [] // gone or late: that there was one is known all the same
  return { kind: 'message', ...base, msg: { id: m.id, kind, text: kind && kind !== 'link' ? '' : m.text(), mentions, media: shown } }
}

// What qund asks for. An answer without id is fine: the message comes back as an event of our own.
async function run (bot, op, a) {
  const room = a.conv?.type === 'group' ? await bot.Room.find({ id: a.conv.id }) : null
  const to = room ?? (a.conv && await bot.Contact.find({ id: a.conv.id }))
  if (a.conv && !to) throw Object.assign(new Error('no such chat'), { code: 'no_chat' })
  if (op === 'groups') return (await bot.Room.findAll()).map(r => ({ id: r.id }))
  if (op === 'members') return (await room.memberAll()).map(c => ({ id: c.id, name: c.name() }))
  if (op === 'recall') return { done: await (await bot.Message.find({ id: a.msg }))?.recall() }
  const mentions = room ? (await Promise.all((a.mentions ?? []).map(id => bot.Contact.find({ id })))).filter(Boolean) : []
  const sent = await to.say(a.text, ...mentions)
  return { id: sent?.id }
}

export function join ({ bot, url, token, file, patience = 10000, log = console.log }) {
  const box = new Outbox(file)
  let ws, account, stopped, redial, since, wait = 500, welcome = false, order = Promise.resolve()
  const send = frame => ws?.readyState === WebSocket.OPEN && ws.send(JSON.stringify(frame))

  // All look up what they need at once, and are noted in the order in which they came.
  function note (make) {
    if (stopped) return
    const made = make().catch(e => log('not noted:', e.message))
    order = order.then(() => made).then(e => { if (!e) return; const f = box.push(e); welcome && send(f) }).catch(e => log('not kept:', e.message))
  }

  async function answer (f) {
    try {
      send({ t: 'res', id: f.id, ok: true, data: await run(bot, f.op, f.args) })
    } catch (e) {
      send({ t: 'res', id: f.id, ok: false, err: { code: e.code ?? 'unknown', text: String(e.message ?? e) } })
    }
  }
  const on = {
    welcome (f) { welcome = true; box.acked(f.resume_from); box.waiting.forEach(send) },
    ack (f) { box.acked(f.seq) },
    ping (f) { send({ t: 'pong', ts: f.ts }) },
    cmd (f) { answer(f) },
    refused (f) { log('refused:', f.seq, f.where, f.text) },
    error (f) { log('error:', f.where, f.text) }
  }
  function stop () { stopped = true; clearTimeout(redial); ws?.close() }

  // One connection at a time: the next is dialled when this one has closed. Those who cannot hold one wait longer each time.
  function dial () {
    if (stopped || !account || (ws && ws.readyState !== WebSocket.CLOSED)) return
    clearTimeout(redial)
    ws = new WebSocket(url, { headers: { authorization: `Bearer ${token}` }, handshakeTimeout: 15000 })
    ws.on('open', () => { since = Date.now(); send({ t: 'hello', proto: 1, bridge: 'wechaty-sample', version: '1', platform: 'wechaty', account, caps: ['send_text', 'recall', 'groups', 'members'], counter: box.counter, last: box.last }) })
    ws.on('message', data => { const f = JSON.parse(data); on[f.t]?.(f) })
    ws.on('error', e => log('bridge:', e.message))
    ws.on('close', closed)
  }
  function closed (code) {
    welcome = false
    if (code in ENDS) { log(`ended (${code}):`, ENDS[code]); stop() }
    if (stopped) return
    if (since && Date.now() - since > 60000) wait = 500
    since = 0
    redial = setTimeout(dial, wait * (0.8 + Math.random() * 0.4))
    wait = Math.min(wait * 2, 60000)
  }
  bot.on('login', user => { account = { id: user.id, name: user.name() }; dial() })
  bot.on('message', m => note(() => message(m, patience)))
  const when = date => (date ?? new Date()).getTime()
  for (const kind of ['join', 'leave']) {
    bot.on('room-' + kind, (r, who, by, date) => note(async () => ({ kind, ts: when(date), conv: await group(r, patience), who: who.map(person), by: by?.id })))
  }
  bot.on('room-topic', (r, name, old, by, date) => note(async () => ({ kind: 'rename', ts: when(date), conv: { id: r.id, type: 'group', name }, by: by?.id })))
  bot.on('friendship', f => note(async () => ({ kind: 'request', ts: Date.now(), from: person(f.contact()), msg: { id: f.id, text: f.hello() } })))
  return { box, stop }
}
