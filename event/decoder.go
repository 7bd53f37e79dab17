package event

import (
	"encoding/json"
	"fmt"

	"github.com/valyala/fastjson"
)

// DecoderVersion is raised whenever equal bytes may become other events under
// an equal Config, so that what was kept of decoded events is made anew.
const DecoderVersion = 1

// parserLife is how many bytes a parser reads before it is dropped with all
// it has grown: every slot of it keeps the largest object it ever held.
const parserLife = 16 << 20

// Decoder turns records into events. It is not safe for concurrent use.
type Decoder struct {
	config  Config
	blocked blockedIDs
	parser  fastjson.Parser
	parsed  int   // bytes the parser has read
	arena   arena // memory of everything handed out since Reset

	call    call           // the call being decoded
	spans   [][]byte       // texts of a batch's items
	mended  []byte         // copy of a record with broken surrogate pairs replaced
	digits  []byte         // text of a number
	scratch []byte         // a rewritten event
	fields  []field        // stack of the objects being converted
	keys    map[string]int // of the one large object being collected: index in fields
	leaves  int            // of the body being converted

	contexts contextReader
	bodies   func(of Type, name string) *Reading // nil to read all
	reading  *Reading                            // of the body being converted, nil for all
	doubt    bool                                // whether it must be read whole after all
	paged    bool                                // whether it is that of a page or screen
}

// NewDecoder returns a Decoder, or an error for a Config out of its bounds.
func NewDecoder(c Config) (*Decoder, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("making a decoder: %w", err)
	}
	return &Decoder{config: c, blocked: newBlockedIDs(c.BlockedIDs), arena: newArena()}, nil
}

// Reset takes back all strings, values and rewritten records handed out
// since the last Reset, for reuse. Whoever keeps one must have cloned it.
func (d *Decoder) Reset() {
	d.arena.reset()
	if d.parsed > parserLife {
		*d = Decoder{config: d.config, blocked: d.blocked, arena: d.arena, contexts: d.contexts, bodies: d.bodies}
	}
}

// Decode appends the events of a record to dst, and to rej what of it can't
// be used. A record is one call of the Segment spec or a {"batch":[...]} of
// them; a bad item of a batch takes only itself out.
//
// recordTime is the broker's timestamp of the record and wall the current
// time, both in milliseconds since 1970 UTC. With a recordTime of 0 an event
// must bring its own time; with a wall of 0 no arrival counts as too far in
// the future.
//
// Events are valid until Reset. The Value of a Rejection is part of data.
func (d *Decoder) Decode(dst []Event, rej []Rejection, data []byte, recordTime, wall int64) ([]Event, []Rejection) {
	at := clock{record: recordTime, wall: wall}
	d.each(data, func(p part, err error) {
		var e Event
		if err == nil {
			err = d.event(&e, at)
		}
		if err != nil {
			rej = append(rej, Rejection{Item: p.item, Reason: err.Error(), Value: p.text})
			return
		}
		if d.call.channel != nil {
			e.Channel = d.channel()
		}
		if d.contexts.any() {
			e.Context = d.context()
		}
		dst = append(dst, e)
	})
	return dst, rej
}

// part is the text of one call: a record, or an item of its batch.
type part struct {
	item int // as in Rejection
	text []byte
}

// each reads every call of a record into d.call and visits it, or what is
// wrong with it.
func (d *Decoder) each(data []byte, visit func(p part, err error)) {
	err := d.open(data)
	if err != nil || d.call.batch == nil {
		visit(part{-1, data}, err)
		return
	}
	batch := d.call.batch
	if batch.Type() != fastjson.TypeArray {
		visit(part{-1, data}, reject("batch", "%s is not an array", show(batch)))
		return
	}
	shared := d.call.envelope()
	d.spans = elementSpans(d.spans[:0], data, d.call.batchField)
	for i, item := range batch.GetArray() {
		if item.Type() == fastjson.TypeNull {
			continue // as absent as a field that is null
		}
		err := d.openItem(item, shared)
		visit(part{i, d.spans[i]}, err)
	}
}

// open parses a record and reads its top-level fields.
func (d *Decoder) open(data []byte) error {
	text, err := d.check(data)
	if err != nil {
		return err
	}
	d.parsed += len(text)
	root, err := d.parser.ParseBytes(text)
	if err != nil {
		// fastjson's own text can be longer than the record.
		return notJSON(data)
	}
	if root.Type() == fastjson.TypeObject {
		d.call.read(root.GetObject())
		return nil
	}
	if !json.Valid(data) {
		return notJSON(data)
	}
	return reject("record", "%s is not a JSON object", show(root))
}

func (d *Decoder) openItem(item *fastjson.Value, shared envelope) error {
	if item.Type() != fastjson.TypeObject {
		return reject("item", "%s is not a JSON object", show(item))
	}
	d.call.read(item.GetObject())
	if d.call.batch != nil {
		return reject("batch", "a batch within a batch")
	}
	d.call.inherit(shared)
	return nil
}
