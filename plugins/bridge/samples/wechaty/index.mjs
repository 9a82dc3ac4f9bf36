// WECHATY_PUPPET=wechaty-puppet-… QUND_URL=ws://127.0.0.1:8720/hook/wechat QUND_TOKEN=… node index.mjs
import { ScanStatus, WechatyBuilder } from 'wechaty'
import { join } from './bridge.mjs'

const { QUND_URL: url, QUND_TOKEN: token, QUND_OUTBOX: file = 'outbox.jsonl' } = process.env
const bot = WechatyBuilder.build({ name: 'qund' })

bot.on('scan', (code, status) => status === ScanStatus.Waiting && console.log('scan:', code))
bot.on('error', e => console.error('wechaty:', e.message ?? e))
join({ bot, url, token, file })
await bot.start()
