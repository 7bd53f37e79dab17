package wire

import (
	"fmt"

	"github.com/segmentio/kafka-go"
)

// Response is what the leader answered for the one partition asked about.
type Response struct {
	Code     kafka.Error // the partition's error, 0 for none
	High     int64       // high watermark
	LogStart int64       // first offset the log still holds
	Aborted  []Aborted   // transactions within Batches that were aborted
	Batches  []byte      // record batches; the last one may be cut off
}

// Aborted names one aborted transaction: the records of Producer from
// offset First until its next abort marker are void.
type Aborted struct {
	Producer int64
	First    int64
}

// parseResponse reads a response without its length and correlation id.
// Batches is a slice of b.
func parseResponse(b []byte) (Response, error) {
	d := decoder{rest: b}
	d.int32() // throttle time
	if code := d.int16(); code != 0 {
		return Response{Code: kafka.Error(code)}, nil
	}
	d.int32() // session
	if topics := d.count(); topics != 1 {
		return Response{}, fmt.Errorf("parsing fetch response: %d topics instead of 1", topics)
	}
	d.skipString()
	if partitions := d.count(); partitions != 1 {
		return Response{}, fmt.Errorf("parsing fetch response: %d partitions instead of 1", partitions)
	}
	d.int32() // partition
	var r Response
	r.Code = kafka.Error(d.int16())
	r.High = d.int64()
	d.int64() // last stable offset
	r.LogStart = d.int64()
	for range d.count() {
		r.Aborted = append(r.Aborted, Aborted{Producer: d.int64(), First: d.int64()})
		if d.err != nil {
			break
		}
	}
	r.Batches = d.take(max(int(d.int32()), 0))
	if d.err != nil {
		return Response{}, fmt.Errorf("parsing fetch response: %w", d.err)
	}
	return r, nil
}
