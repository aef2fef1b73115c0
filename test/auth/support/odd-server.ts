import {createServer, type Socket} from 'node:net'

/** A server that greets and answers with these octets, whatever is asked. `ends`: and closes then. */
export async function oddServer({greeting, answer, ends = false}: {greeting?: Buffer; answer: Buffer; ends?: boolean}) {
  const sockets = new Set<Socket>()
  const odd = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    if (greeting) socket.write(greeting)
    socket.on('data', () => {
      if (ends) socket.end(answer)
      else socket.write(answer)
    })
  })
  await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve))
  const address = odd.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => odd.close(resolve))
    },
  }
}
