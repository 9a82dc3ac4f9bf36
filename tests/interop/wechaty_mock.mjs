// Wechaty with its mock puppet, joined by the sample bridge (copied beside this file). A chat of three people.
import readline from 'node:readline'
import fs from 'node:fs'
import { WechatyBuilder, types } from 'wechaty'
import { PuppetMock, mock } from 'wechaty-puppet-mock'
import { join, Outbox } from './bridge.mjs'

const say = (is, more) => console.log(JSON.stringify({ is, ...more }))
const mocker = new mock.Mocker()
const puppet = new PuppetMock({ mocker })
const bot = WechatyBuilder.build({ puppet })
bot.on('error', e => say('error', { text: String(e.message ?? e) }))
bot.on('message', async m => say('message', { own: m.self(), text: m.text(), room: m.room()?.id }))

const { box } = join({ bot, url: process.env.QUND_URL, token: process.env.QUND_TOKEN, file: 'outbox.jsonl', patience: 1000, log: (...a) => say('log', { text: a.join(' ') }) })
await bot.start()
const people = Object.fromEntries(['bot', 'mary', 'li'].map(id => [id, mocker.createContact({ id, name: `名 ${id}` })]))
const room = mocker.createRoom({ id: 'r1@chatroom', topic: '业主群', memberIdList: ['bot', 'mary', 'li'] })
bot.on('login', () => setTimeout(() => say('ready'), 1000)) // what is said before that does not reach Wechaty
mocker.login(people.bot)

const DO = {
  say: ({ who, text, mention }) => people[who].say(text, mention ? [people[mention]] : undefined).to(room),
  tell: ({ who, text }) => people[who].say(text).to(people.bot),
  join: ({ who }) => puppet.emit('room-join', { roomId: room.id, inviteeIdList: [who], inviterId: 'bot', timestamp: Math.floor(Date.now() / 1000) }),
  leave: ({ who }) => puppet.emit('room-leave', { roomId: room.id, removeeIdList: [who], removerId: who, timestamp: Math.floor(Date.now() / 1000) }),
  topic: ({ text }) => puppet.emit('room-topic', { roomId: room.id, changerId: 'mary', newTopic: text, oldTopic: '业主群', timestamp: Math.floor(Date.now() / 1000) }),
  login: () => bot.emit('login', bot.currentUser),
  // A picture that never comes; of the puppet's own there is none.
  hang: () => bot.emit('message', { id: 'hung', type: () => types.Message.Image, room: () => undefined, talker: () => bot.Contact.load('li'), self: () => false, text: () => '', date: () => new Date(), mentionList: () => new Promise(() => {}), toFileBox: () => new Promise(() => {}) }),
  busy: () => { // never without one that waits
    const busy = new Outbox('busy.jsonl')
    for (let i = 0; i < 1000; i++) { busy.push({ kind: 'message' }); busy.acked(busy.last - 1) }
    say('busy', { lines: fs.readFileSync('busy.jsonl', 'utf8').split('\n').length })
  },
  box: () => say('box', { waiting: box.waiting.length, last: box.last })
}
readline.createInterface({ input: process.stdin }).on('line', line => { const a = JSON.parse(line); DO[a.do](a) })
