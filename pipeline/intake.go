package pipeline

import (
	"context"
	"fmt"
	"slices"

	"muster/directive"
	"muster/event"
)

// intake reads and decodes one partition. Where records wait to be read it is
// one batch ahead of the worker, so that decoding overlaps the commit before
// it. At the end of the log it asks for the next batch when the worker is done
// with the one before: a batch that is read earlier is closed earlier, and what
// comes meanwhile would wait for two batches in place of one.
type intake struct {
	source   Source
	decoders [2]*event.Decoder // in turn: the worker still reads events of the one before
	rules    *Live
	wall     func() int64
	origin   origin
	turn     int
}

// origin is where records come from.
type origin struct {
	topic     string
	partition int
}

// parcel is one decoded batch. It is valid until the next but one.
type parcel struct {
	events     []event.Event
	directives []Directed
	records    []int // index of each event's record
	batch      Batch
	letters    []DeadLetter
	tombstones int           // records without a value
	served     chan struct{} // closed when the worker is done; nil where nobody waits for that
	asked      int64         // wall clock when the batch was asked for, ms; 0 without one

	decoder *event.Decoder
	context []string // fields of contexts that were decoded, sorted
	wall    int64    // wall clock when the batch was decoded first, ms
}

// run sends parcels until ctx ends or reading fails.
func (in *intake) run(ctx context.Context, out chan<- parcel) error {
	var parcels [2]parcel
	for {
		asked := in.wall()
		batch, err := in.source.Fetch(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading partition %d: %w", in.origin.partition, err)
		}
		p := &parcels[in.turn]
		p.asked = asked
		in.decode(p, batch)
		in.turn = 1 - in.turn
		p.served = nil
		if batch.last() {
			p.served = make(chan struct{})
		}
		select {
		case out <- *p:
		case <-ctx.Done():
			return nil
		}
		if !p.await(ctx) {
			return nil
		}
	}
}

// await waits until the worker is done with a parcel that nothing waited
// behind, and returns false when ctx ends before.
func (p *parcel) await(ctx context.Context) bool {
	if p.served == nil {
		return true
	}
	select {
	case <-p.served:
		return true
	case <-ctx.Done():
		return false
	}
}

// done says that the worker is done with a parcel.
func (p *parcel) done() {
	if p.served != nil {
		close(p.served)
	}
}

func (in *intake) decode(p *parcel, batch Batch) {
	p.decoder, p.wall, p.batch = in.decoders[in.turn], in.wall(), batch
	p.decode(in.origin, in.rules.Current().Set.ContextFields())
}

// suit decodes a parcel anew where rules that came after it was decoded read
// more of contexts, so that what they find does not depend on when they came.
// It may be called until the parcel after this one is received: so long its
// decoder is nobody else's.
func (p *parcel) suit(o origin, context []string) {
	for _, name := range context {
		if _, found := slices.BinarySearch(p.context, name); !found {
			p.decode(o, context)
			return
		}
	}
}

// decode makes events of the batch, with some fields of their contexts.
func (p *parcel) decode(o origin, context []string) {
	p.context = context
	p.decoder.Reset()
	p.decoder.ReadContext(context)
	p.events, p.records, p.directives, p.letters = p.events[:0], p.records[:0], nil, nil
	p.tombstones = 0
	var rejected []event.Rejection
	for i, r := range p.batch.Records {
		if r.Own {
			p.direct(o, r)
			continue
		}
		if r.Value == nil { // a compacted topic says so that a key is no more; no event goes away by it
			p.tombstones++
			continue
		}
		p.events, rejected = p.decoder.Decode(p.events, rejected[:0], r.Value, r.Time, p.wall)
		for len(p.records) < len(p.events) {
			p.records = append(p.records, i)
		}
		for _, rej := range rejected {
			p.letters = append(p.letters, o.letter(r, rej.Reason, rej.Value))
		}
	}
}

// direct takes a record of Muster's own out of the batch.
func (p *parcel) direct(o origin, r Record) {
	d, err := directive.Decode(r.Value)
	if err != nil {
		p.letters = append(p.letters, o.letter(r, err.Error(), r.Value))
		return
	}
	p.directives = append(p.directives, Directed{
		Before: len(p.events), Offset: r.Offset, Arrival: event.Arrived(r.Time, p.wall), Directive: d, record: r,
	})
}

func (o origin) letter(r Record, reason string, value []byte) DeadLetter {
	return DeadLetter{Reason: reason, Topic: o.topic, Partition: o.partition, Offset: r.Offset, Key: r.Key, Value: value}
}
