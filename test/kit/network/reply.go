package network

import (
	"bytes"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

// replyCut is the name of a trouble of our own.
const replyCut = "cut_replies"

// queued ends the answers to the commands of a transaction; what follows is
// the answer to EXEC, an array unless the transaction was refused.
var queued = []byte("+QUEUED\r\n*")

// keptOfReply is how much of the answer to EXEC comes through: the first
// digit of its length.
const keptOfReply = 1

// replyCutter ends a connection in the middle of an answer to EXEC.
type replyCutter struct{}

// Pipe implements toxics.Toxic.
func (*replyCutter) Pipe(stub *toxics.ToxicStub) {
	var tail []byte // of what went through, as queued may come in two pieces
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			seen := append(tail, c.Data...)
			at := bytes.Index(seen, queued)
			if at < 0 {
				stub.Output <- c
				tail = bytes.Clone(seen[max(0, len(seen)-len(queued)+1):])
				continue
			}
			kept := min(at+len(queued)+keptOfReply, len(seen)) - (len(seen) - len(c.Data))
			stub.Output <- &stream.StreamChunk{Data: c.Data[:kept], Timestamp: c.Timestamp}
			stub.Close()
			return
		}
	}
}
