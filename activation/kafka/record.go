package kafka

import (
	"bytes"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/activation"
)

// The headers of CloudEvents 1.0 in binary mode, by its Kafka protocol binding.
const (
	headerContentType = "content-type"
	headerSpec        = "ce_specversion"
	headerID          = "ce_id"
	headerSource      = "ce_source"
	headerType        = "ce_type"
	headerSubject     = "ce_subject"
	headerTime        = "ce_time"
)

// Headers of this project's own. Unlike a value, a tombstone can have them.
const headerVersion = "muster_version"

const (
	entered = "audience.entered"
	exited  = "audience.exited"
)

// memberSign stands between a profile and a segment. A segment has none, so
// the last one of a key is it, whatever the profile holds.
const memberSign = '/'

// memberKey is the key of a membership.
func memberKey(profile, segment string) []byte {
	key := make([]byte, 0, len(profile)+1+len(segment))
	return append(append(append(key, profile...), memberSign), segment...)
}

// splitMember returns what memberKey has put together.
func splitMember(key []byte) (profile, segment string) {
	at := bytes.LastIndexByte(key, memberSign)
	if at < 0 {
		return string(key), ""
	}
	return string(key[:at]), string(key[at+1:])
}

// records returns what changes are on the topics, in their order.
func (s *Sender) records(changes []activation.Change) ([]*kgo.Record, error) {
	value, _ := activation.FormatNamed(activation.DefaultFormat)
	records := make([]*kgo.Record, 0, 2*len(changes))
	for i := range changes {
		c := &changes[i]
		if c.Part != nil {
			continue
		}
		body, contentType, err := value.Encode(changes[i:i+1], false)
		if err != nil {
			return nil, err
		}
		headers := s.headers(c, contentType)
		records = append(records, &kgo.Record{Topic: s.to.Topic, Key: []byte(c.Profile), Value: body, Headers: headers})
		if s.to.MembersTopic == "" {
			continue
		}
		member := &kgo.Record{Topic: s.to.MembersTopic, Key: memberKey(c.Profile, c.Segment), Headers: headers}
		if c.Entered {
			member.Value = body
		}
		records = append(records, member)
	}
	return records, nil
}

func (s *Sender) headers(c *activation.Change, contentType string) []kgo.RecordHeader {
	kind := exited
	if c.Entered {
		kind = entered
	}
	version := kgo.RecordHeader{Key: headerVersion, Value: strconv.AppendUint(nil, c.Version, 10)}
	return append(s.event([]activation.Change{*c}, kind, c.Segment, contentType), version)
}

// event returns the headers of a CloudEvent about a change.
func (s *Sender) event(change []activation.Change, kind, subject, contentType string) []kgo.RecordHeader {
	header := func(key, value string) kgo.RecordHeader { return kgo.RecordHeader{Key: key, Value: []byte(value)} }
	return []kgo.RecordHeader{
		header(headerSpec, "1.0"),
		header(headerID, activation.MessageID(s.name, change)),
		header(headerSource, "/muster/"+s.name),
		header(headerType, kind),
		header(headerSubject, subject),
		header(headerTime, activation.FormatTime(change[0].At)),
		header(headerContentType, contentType),
	}
}
