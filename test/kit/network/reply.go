package network

import "bytes"

// queued ends the answers to the commands of a transaction; what follows is
// the answer to EXEC, an array unless the transaction was refused.
var queued = []byte("+QUEUED\r\n*")

// keptOfReply is how much of the answer to EXEC comes through: the first
// digit of its length.
const keptOfReply = 1

// replyCutter finds the middle of an answer to EXEC.
type replyCutter struct {
	tail []byte // of what went through, as queued may come in two pieces
}

// cut returns what of data is to go through, and whether that is all.
func (r *replyCutter) cut(data []byte) ([]byte, bool) {
	seen := append(r.tail, data...)
	at := bytes.Index(seen, queued)
	if at < 0 {
		r.tail = bytes.Clone(seen[max(0, len(seen)-len(queued)+1):])
		return data, false
	}
	kept := min(at+len(queued)+keptOfReply, len(seen)) - (len(seen) - len(data))
	return data[:kept], true
}
