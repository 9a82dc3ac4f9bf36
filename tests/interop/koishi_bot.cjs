// koishi with its OneBot adapter, as the application: forward (it dials) or reverse (it listens). Answers every
// message that begins with "ping", and says what it makes of what it hears.
const { Context, Logger } = require('koishi')
const readline = require('node:readline')

const say = (is, more) => console.log(JSON.stringify({ is, ...more }))
Logger.targets.splice(0, Infinity, { colors: 0, print: text => console.error(text) })
const { PROTOCOL: protocol, ENDPOINT: endpoint, PORT: port } = process.env
const plug = (name, config) => { const p = require(name); ctx.plugin(p.default ?? p, config) }
const ctx = new Context()
plug('@koishijs/plugin-http')
if (port) plug('@koishijs/plugin-server', { host: '127.0.0.1', port: +port })
plug('koishi-plugin-adapter-onebot', { selfId: '7', protocol, endpoint, token: 'geheim', path: '/hook/koishi/ws', retryTimes: 100, retryInterval: 200, retryLazy: 200 })

ctx.on('login-updated', s => say('status', { status: s.bot.status }))
ctx.on('bot-status-updated', bot => say('status', { status: bot.status }))
ctx.on('guild-member-added', s => say('added', { user: s.userId, group: s.guildId }))
ctx.on('guild-member-removed', s => say('removed', { user: s.userId, group: s.guildId }))
ctx.on('message-deleted', s => say('deleted', { message: s.messageId, group: s.guildId }))
ctx.on('message', async s => {
  say('message', { user: s.userId, group: s.guildId, content: s.content, message: s.messageId, direct: s.isDirect })
  if (!s.content.startsWith('ping')) return
  try {
    say('sent', { ids: await s.bot.sendMessage(s.channelId, 'pong ' + s.content, s.guildId) })
  } catch (e) { say('failed', { text: String(e.message ?? e) }) }
})
const DO = {
  send: async ({ group, text }) => say('sent', { ids: await ctx.bots[0].sendMessage(group, text) }),
  members: async ({ group }) => say('members', { ids: (await ctx.bots[0].getGuildMemberList(group)).data.map(m => m.user?.id ?? m.userId) }),
  delete: async ({ group, message }) => { await ctx.bots[0].deleteMessage(group, message); say('done', { what: 'delete' }) },
}
readline.createInterface({ input: process.stdin }).on('line', line => { const a = JSON.parse(line); Promise.resolve(DO[a.do](a)).catch(e => say('failed', { text: String(e.message ?? e) })) })
ctx.start().then(() => say('ready'))
