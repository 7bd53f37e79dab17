// Sends the calls of each line that comes in with Segment's client, and says so
// when all of them have been taken.
import { Analytics } from '@segment/analytics-node'
import { createInterface } from 'node:readline'

const analytics = new Analytics({
  writeKey: process.env.WRITE_KEY,
  host: process.env.HOST,
  maxRetries: 100,
  flushAt: 200,
  flushInterval: 100,
})

const send = ({ call, args }) =>
  new Promise((resolve, reject) => analytics[call](args, (error) => (error ? reject(error) : resolve())))

for await (const line of createInterface({ input: process.stdin })) {
  try {
    await Promise.all(JSON.parse(line).map(send))
    console.log('taken')
  } catch (error) {
    console.log(`lost: ${error.reason ?? error}`)
  }
}
