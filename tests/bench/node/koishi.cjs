// koishi as its users run it: OneBot adapter (reverse), SQLite database, a listener that looks through a hundred rules and
// stores each message. (A middleware would lose some: its core fails when two of a new group race for the group's row.)
//   node koishi.cjs PORT FOLDER WORDS
const fs = require('node:fs')
const http = require('node:http')
const { Context, Logger } = require('koishi')

const [port, folder, wordsFile] = process.argv.slice(2)
const words = fs.readFileSync(wordsFile, 'utf8').split('\n').filter(Boolean).slice(0, 100)
Logger.targets.splice(0, Infinity)
const ctx = new Context()
const plug = (name, config) => { const p = require(name); ctx.plugin(p.default ?? p, config) }
plug('@koishijs/plugin-http')
plug('@koishijs/plugin-server', { host: '127.0.0.1', port: +port })
plug('@minatojs/driver-sqlite', { path: folder + '/koishi.db' })
for (let i = 0; i < +(process.env.ACCOUNTS ?? 1); i++) plug('koishi-plugin-adapter-onebot', { selfId: String(1000 + i), protocol: 'ws-reverse', path: '/onebot', token: 'bench' })
let applied = 0

ctx.inject(['database'], ctx => {
  ctx.model.extend('bench_message', { id: 'unsigned', msgid: 'string', grp: 'string', sender: 'string', text: 'text', hit: 'unsigned', ts: 'double' }, { autoInc: true })
  ctx.on('message', async session => {
    const hit = words.findIndex(w => session.content.includes(w))
    await ctx.database.create('bench_message', { msgid: session.messageId, grp: session.guildId, sender: session.userId, text: session.content, hit: hit + 1, ts: session.timestamp })
    applied++
  })
})
const counter = http.createServer((req, res) => {
  const text = `\nqund_events_applied_total ${applied}\n`
  res.writeHead(200, { 'Content-Length': text.length }).end(text)
})
counter.keepAliveTimeout = 0 // busy is not idle
counter.listen(+port + 1, '127.0.0.1')
ctx.start().then(() => console.log('up'))
