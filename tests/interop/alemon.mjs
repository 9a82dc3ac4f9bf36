// The OneBot 12 client of @alemonjs/onebot (an application): dials, and tells each event it takes for one.
import path from 'node:path'
import readline from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const say = (is, more) => console.log(JSON.stringify({ is, ...more }))
globalThis.logger = Object.fromEntries(['info', 'warn', 'error', 'debug'].map(k => [k, (...a) => say('log', { text: a.join(' ') })]))
const home = path.dirname(createRequire(import.meta.url).resolve('@alemonjs/onebot'))
const { OneBotClient } = await import(pathToFileURL(path.join(home, 'sdk/wss.js')))
const client = new OneBotClient({ version: 12, url: process.env.ENDPOINT, access_token: 'geheim' })
client.on('V12_EVENT', event => say('event', { event, state: client.getConnectionStatus() }))
client.connect()
readline.createInterface({ input: process.stdin }).on('line', line => {
  const { action, params } = JSON.parse(line)
  client.sendV12Action(action, params).then(data => say('answer', { action, data }), e => say('failed', { action, text: String(e?.message ?? e) }))
})
