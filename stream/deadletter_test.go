package stream_test

import (
	"bytes"
	"testing"

	"muster/pipeline"
	"muster/stream"
	"muster/test/kit/kafka"
)

func TestDeadLettersAreKeptWhole(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.cfg.MaxRecordBytes = 3 << 20
	kept := make(chan int, 10)
	c := f.connect(&stream.Observer{DeadLettered: func(_ string, letters int) { kept <- letters }})
	if _, err := c.Init(f.ctx, 1, 1); err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat([]byte("large"), 500_000)
	letters := []pipeline.DeadLetter{
		{Reason: "first", Topic: "keyed", Partition: 3, Offset: 77, Key: []byte("k"), Value: large},
		{Reason: "second", Topic: "keyed", Partition: 4, Offset: 78},
	}
	if err := c.DeadLetters().Write(f.ctx, letters); err != nil {
		t.Fatal(err)
	}
	records := f.readAll("keyed.dead", 0)
	if len(records) != 2 || await(f, kept, "DeadLettered") != 2 {
		t.Fatalf("%d letters", len(records))
	}
	h := headers(records[0])
	if !bytes.Equal(records[0].Value, large) || string(records[0].Key) != "k" || h["reason"] != "first" ||
		h["topic"] != "keyed" || h["partition"] != "3" || h["offset"] != "77" || len(h) != 4 {
		t.Errorf("the letter has %d bytes and %v", len(records[0].Value), h)
	}
	if records[1].Key != nil || records[1].Value != nil {
		t.Errorf("null key and value became %q and %q", records[1].Key, records[1].Value)
	}
}

// A dead-letter topic with a lower limit must not stop the partition.
func TestDeadLetterIsCutWhenRefused(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.cfg.DeadSuffix = ".lost"
	f.createTopic("keyed.lost", 1, "max.message.bytes", "1000000")
	large := bytes.Repeat([]byte("large"), 500_000)
	err := f.connect(nil).DeadLetters().Write(f.ctx, []pipeline.DeadLetter{
		{Reason: "a", Topic: "keyed", Value: []byte("small")},
		{Reason: "b", Topic: "keyed", Value: large},
		{Reason: "c", Topic: "keyed", Value: []byte("small")},
	})
	if err != nil {
		t.Fatal(err)
	}
	cut := 0
	for _, r := range f.readAll("keyed.lost", 0) {
		size, isCut := headers(r)[stream.HeaderTruncated]
		if isCut {
			cut++
			if size != "2500000" || !bytes.HasPrefix(large, r.Value) || len(r.Value) < 500_000 {
				t.Errorf("%d bytes are left and the size is said to be %s", len(r.Value), size)
			}
		}
	}
	if cut != 1 || f.end("keyed.lost", 0) != 3 {
		t.Errorf("%d letters are cut of %d", cut, f.end("keyed.lost", 0))
	}
}
