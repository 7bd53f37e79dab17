package wire

import (
	"encoding/binary"
	"time"
)

// The request for records.
const (
	fetchKey     = 1
	fetchVersion = 10
)

// Ask is what one Fetch asks for.
type Ask struct {
	Topic     string
	Partition int
	Offset    int64         // of the first record wanted
	MinBytes  int           // the broker waits for at least this much
	MaxBytes  int           // and sends no more than this, except that the first batch always comes whole
	Wait      time.Duration // and answers after this long at the latest
}

// appendRequest appends the length-prefixed request for committed records.
func appendRequest(b []byte, id int32, client string, a Ask) []byte {
	const (
		anyReplica     = -1
		readCommitted  = 1
		noSession      = 0
		sessionless    = -1
		unknownEpoch   = -1
		consumersStart = -1
	)
	start := len(b)
	b = appendHeader(b, fetchKey, fetchVersion, id, client)

	b = appendInt32(b, anyReplica)
	b = appendInt32(b, int32(a.Wait.Milliseconds()))
	b = appendInt32(b, int32(a.MinBytes))
	b = appendInt32(b, int32(a.MaxBytes))
	b = append(b, readCommitted)
	b = appendInt32(b, noSession)
	b = appendInt32(b, sessionless)

	b = appendInt32(b, 1) // topics
	b = appendString(b, a.Topic)
	b = appendInt32(b, 1) // partitions
	b = appendInt32(b, int32(a.Partition))
	b = appendInt32(b, unknownEpoch)
	b = binary.BigEndian.AppendUint64(b, uint64(a.Offset))
	b = appendInt64(b, consumersStart)
	b = appendInt32(b, int32(a.MaxBytes))
	b = appendInt32(b, 0) // topics to forget

	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}

// appendHeader appends what every request begins with. Its length is that of a
// request with nothing behind it.
func appendHeader(b []byte, key, version uint16, id int32, client string) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint16(b, key)
	b = binary.BigEndian.AppendUint16(b, version)
	b = appendInt32(b, id)
	b = appendString(b, client)
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}

func appendInt32(b []byte, v int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(v)) }

func appendInt64(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }

func appendString(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}
