package activation

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
)

// idBytes is how much of a digest an id holds: 160 bits, in which no two of
// any number of messages that are ever sent have the same.
const idBytes = 20

// idDigits has no sign that a header, a path or a log would have to escape.
var idDigits = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// MessageID returns the id of the message that carries changes to a
// destination, msg_ and 32 of the signs 0-9 and a-v. The same changes in the
// same order always have the same id, and any others have another one.
//
// The segment and the time of a change count too. The version alone would do
// until a profile is forgotten and comes back, as its versions begin anew.
// What a snapshot run names is told apart by the run. Number and Cause do not count: the one is of a shard and the other for people.
func MessageID(destination string, changes []Change) string {
	sum := digest(destination, changes)
	return "msg_" + idDigits.EncodeToString(sum[:idBytes])
}

// changeID returns the id of what a call of Segment's says of one change,
// whatever destination it goes to. No destination's name has the colon.
func changeID(call string, change *Change) string { return MessageID("call:"+call, []Change{*change}) }

// digest is of what tells messages apart, each text with its length before it.
func digest(destination string, changes []Change) [sha256.Size]byte {
	text := appendCounted(make([]byte, 0, 64+96*len(changes)), destination)
	for i := range changes {
		change := &changes[i]
		text = appendCounted(text, change.Profile)
		text = appendCounted(text, change.Segment)
		text = binary.AppendUvarint(text, change.Version)
		text = binary.AppendVarint(text, change.At)
		if change.Entered {
			text = append(text, 1)
		} else {
			text = append(text, 0)
		}
		if change.Run != "" {
			text = appendCounted(text, change.Run)
		}
		if change.Completed != nil {
			text = binary.AppendVarint(text, int64(change.Completed.Part))
		}
	}
	return sha256.Sum256(text)
}

func appendCounted(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// uuidOf returns a UUID of the changes, of RFC 9562's version 8: one whose
// bits are the application's own.
func uuidOf(changes []Change) string {
	b := digest("", changes)
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
