package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

var ask = Ask{Topic: "t", Partition: 3, Offset: 77, MinBytes: 5, MaxBytes: 1000, Wait: 20 * time.Millisecond}

// leader answers one request on the other end of a Conn and returns what it
// got, without its length.
func leader(nc net.Conn, answer func(request []byte) []byte) <-chan []byte {
	got := make(chan []byte, 1)
	go func() {
		defer close(got)
		var size [4]byte
		if _, err := io.ReadFull(nc, size[:]); err != nil {
			return
		}
		request := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(nc, request); err != nil {
			return
		}
		got <- request
		_, _ = nc.Write(answer(request)) // the other end may have closed
	}()
	return got
}

// framed is a response as kmsg encodes it, behind its length and the request's id.
func framed(request []byte, res *kmsg.FetchResponse) []byte {
	body := res.AppendTo(nil)
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))
	return append(append(out, request[4:8]...), body...)
}

func response() *kmsg.FetchResponse {
	partition := kmsg.NewFetchResponseTopicPartition()
	partition.HighWatermark, partition.LogStartOffset, partition.RecordBatches = 99, 7, []byte("batches")
	partition.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 5, FirstOffset: 80}}
	res := kmsg.NewPtrFetchResponse()
	res.Version = fetchVersion
	res.Topics = []kmsg.FetchResponseTopic{{Topic: "t", Partitions: []kmsg.FetchResponseTopicPartition{partition}}}
	return res
}

// Another implementation of the protocol reads our request and writes the answer.
func TestFetchSpeaksTheProtocol(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	got := leader(far, func(request []byte) []byte { return framed(request, response()) })
	c := NewConn(near, "the-client", time.Minute)
	defer c.Close()
	res, _, err := c.Fetch(t.Context(), ask, nil)
	if err != nil || res.Code != 0 || res.High != 99 || res.LogStart != 7 || string(res.Batches) != "batches" ||
		len(res.Aborted) != 1 || res.Aborted[0] != (Aborted{Producer: 5, First: 80}) {
		t.Errorf("the response is %+v, %v", res, err)
	}
	request := <-got
	client, body, ok := strings.Cut(string(request[10:]), "the-client")
	if !ok || client != "" || binary.BigEndian.Uint16(request[2:]) != fetchVersion {
		t.Fatalf("the header is % x", request[:20])
	}
	parsed := kmsg.NewPtrFetchRequest()
	parsed.Version = fetchVersion
	if err := parsed.ReadFrom([]byte(body)); err != nil {
		t.Fatal(err)
	}
	p := parsed.Topics[0].Partitions[0]
	if parsed.MaxWaitMillis != 20 || parsed.MinBytes != 5 || parsed.MaxBytes != 1000 || parsed.IsolationLevel != 1 ||
		parsed.SessionEpoch != -1 || parsed.Topics[0].Topic != "t" || p.Partition != 3 || p.FetchOffset != 77 ||
		p.CurrentLeaderEpoch != -1 || p.PartitionMaxBytes != 1000 {
		t.Errorf("the request is %+v", parsed)
	}
}

func TestFetchRefusesWhatIsNotItsAnswer(t *testing.T) {
	for want, spoil := range map[string]func([]byte){
		"answer to request":  func(b []byte) { b[7]++ },
		"is not within":      func(b []byte) { binary.BigEndian.PutUint32(b, 1<<30) },
		"0 topics":           func(b []byte) { b[21] = 0 },
		"0 partitions":       func(b []byte) { b[28] = 0 },
		"the input ends too": func(b []byte) { b[len(b)-8]++ },
	} {
		near, far := net.Pipe()
		leader(far, func(request []byte) []byte {
			b := framed(request, response())
			spoil(b)
			return b
		})
		c := NewConn(near, "c", time.Minute)
		if _, _, err := c.Fetch(t.Context(), ask, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", want, err)
		}
		c.Close()
		far.Close()
	}
}

func TestFetchEndsWithoutAnAnswer(t *testing.T) {
	fetch := func(ctx context.Context, timeout time.Duration) error {
		near, far := net.Pipe()
		defer far.Close()
		c := NewConn(near, "c", timeout)
		defer c.Close()
		_, _, err := c.Fetch(ctx, ask, nil)
		return err
	}
	if err := fetch(t.Context(), time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a silent leader: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := fetch(ended, time.Hour); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("an ended context: %v", err)
	}
}
