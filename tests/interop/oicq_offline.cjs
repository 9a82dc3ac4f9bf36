// The http-api of oicq, whose wire code is not ours, on a back end that is logged in to nothing. CONFIG is its own
// configuration as JSON.
const { EventEmitter } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const readline = require('node:readline')

const say = (is, more) => process.stdout.write('\n' + JSON.stringify({ is, ...more }) + '\n')
const ACCOUNT = 7
const fine = data => ({ retcode: 0, status: 'ok', data, error: null })
const people = new Map([7, 8, 9].map(id => [id, { group_id: 100, user_id: id, nickname: `n${id}`, card: '', role: 'member' }]))
let sent = 0
const slow = [] // ms that the next sends take

class Bot extends EventEmitter { // what core.js and api.js ask of oicq's client
  constructor () {
    super()
    const none = () => {}
    this.uin = ACCOUNT
    this.gl = new Map([[100, { group_id: 100, group_name: '群', member_count: 3 }]])
    this.logger = { debug: none, mark: none, error: m => say('log', { text: m }), info: m => say('log', { text: m }) }
  }

  login () { setImmediate(() => this.emit('system.online')) }
  terminate () {}

  async sendGroupMsg (group_id, message, auto_escape) {
    const id = `s${++sent}`
    say('sent', { group: group_id, text: typeof message === 'string' ? message : message.map(m => m.data?.text ?? `<${m.type} ${m.data?.qq ?? m.data?.id ?? ''}>`).join(''), id })
    await new Promise(resolve => setTimeout(resolve, slow.shift() ?? 0))
    return fine({ message_id: id })
  }

  async deleteMsg (message_id) {
    say('deleted', { message: message_id })
    return fine(null)
  }

  getLoginInfo () { return fine({ user_id: ACCOUNT, nickname: '栖' }) }
  getGroupList () { return fine(this.gl) }
  async getGroupMemberList (group_id, no_cache) { return fine(people) }
  getStatus () { return fine({ online: true, good: true }) }
  getVersionInfo () { return fine({ app_name: 'oicq', app_version: '1.21.3', protocol_version: 'v11' }) }
}

const bot = new Bot()
const where = require.resolve('oicq')
require.cache[where] = { id: where, filename: where, loaded: true, exports: { createClient: () => bot } }

// What a posted event was answered with.
const request = http.request
http.request = (url, options, heard) => {
  let id
  const req = request(url, options, res => { say('posted', { id, status: res.statusCode }); heard(res) })
  const end = req.end
  req.end = body => { id = JSON.parse(body).message_id; return end.call(req, body) }
  return req
}

const home = path.join(process.env.HOME, '.oicq', String(ACCOUNT)) // it keeps a password there, or asks for one
fs.mkdirSync(home, { recursive: true })
fs.writeFileSync(path.join(home, 'password'), '')
require(path.join(path.dirname(where), 'http-api', 'core.js'))(ACCOUNT, { post_timeout: 30, post_message_format: 'array', post_url: [], ws_reverse_url: [], ws_reverse_reconnect_interval: 300, ws_reverse_reconnect_on_code_1000: true, rate_limit_interval: 500, host: '127.0.0.1', ...JSON.parse(process.env.CONFIG) })

const base = post_type => ({ self_id: ACCOUNT, time: Math.floor(Date.now() / 1000), post_type })
const DO = {
  say: ({ id, text, user = 8, message }) => bot.emit('message', { ...base('message'), message_type: 'group', sub_type: 'normal', message_id: id, group_id: 100, user_id: user, anonymous: null, message: message ?? [{ type: 'text', data: { text } }], raw_message: text ?? '', sender: { user_id: user, nickname: `n${user}`, card: '', role: 'member', level: 1 } }),
  notice: more => { delete more.do; bot.emit('notice', { ...base('notice'), group_id: 100, ...more }) },
  slow: ({ ms }) => slow.push(...ms)
}
bot.on('system.online', () => say('online'))
readline.createInterface({ input: process.stdin }).on('line', line => { const a = JSON.parse(line); DO[a.do](a) })
