package wire

import (
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// spoken is a broker that answers about versions, up to that of metadata, and
// then about metadata.
func spoken(nc net.Conn, last int16, metadata *kmsg.MetadataResponse) <-chan []byte {
	asked := make(chan []byte, 1)
	go func() {
		versions := kmsg.NewPtrApiVersionsResponse()
		versions.ApiKeys = []kmsg.ApiVersionsResponseApiKey{{ApiKey: 1, MaxVersion: 99}, {ApiKey: 3, MaxVersion: last}}
		<-leader(nc, func(request []byte) []byte { return answer(request, versions.AppendTo(nil)) })
		if metadata == nil {
			return
		}
		metadata.Version = metadataVersion
		asked <- <-leader(nc, func(request []byte) []byte {
			return answer(request, append([]byte{0}, metadata.AppendTo(nil)...)) // no tags in its header
		})
	}()
	return asked
}

func answer(request, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))
	return append(append(out, request[4:8]...), body...)
}

func about(topic kmsg.MetadataResponseTopic) *kmsg.MetadataResponse {
	res := kmsg.NewPtrMetadataResponse()
	rack := "west"
	res.Brokers = []kmsg.MetadataResponseBroker{{NodeID: 1, Host: "one", Port: 9}, {NodeID: 2, Host: "two", Port: 9, Rack: &rack}}
	res.ClusterID = &rack
	res.Topics = []kmsg.MetadataResponseTopic{topic}
	return res
}

// Another implementation of the protocol reads our request and writes the answer.
func TestTopicIDSpeaksTheProtocol(t *testing.T) {
	name := "shop"
	id := [16]byte{0xfb, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}
	for want, test := range map[string]struct {
		last  int16
		topic kmsg.MetadataResponseTopic
	}{
		"-_8BAgMEBQYHCAkKCwwNDg": {13, kmsg.MetadataResponseTopic{Topic: &name, TopicID: id, Partitions: make([]kmsg.MetadataResponseTopicPartition, 2)}},
		"":                       {10, kmsg.MetadataResponseTopic{Topic: &name}},
	} {
		near, far := net.Pipe()
		asked := spoken(far, test.last, about(test.topic))
		c := NewConn(near, "the-client", time.Minute)
		got, err := c.TopicID(t.Context(), name)
		if err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
		request := <-asked
		_, body, _ := strings.Cut(string(request), "the-client")
		parsed := kmsg.NewPtrMetadataRequest()
		parsed.Version = metadataVersion
		if err := parsed.ReadFrom([]byte(body[1:])); err != nil { // behind the tags of the header
			t.Fatal(err)
		}
		if binary.BigEndian.Uint16(request[2:]) != metadataVersion || len(parsed.Topics) != 1 || *parsed.Topics[0].Topic != name ||
			parsed.Topics[0].TopicID != [16]byte{} || parsed.AllowAutoTopicCreation || parsed.IncludeTopicAuthorizedOperations {
			t.Errorf("the request is %+v", parsed)
		}
		c.Close()
		far.Close()
	}
}

func TestTopicIDOfOlderBrokersAndAbsentTopics(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	spoken(far, metadataVersion-1, nil)
	c := NewConn(near, "c", time.Minute)
	defer c.Close()
	if id, err := c.TopicID(t.Context(), "shop"); id != "" || err != nil {
		t.Errorf("an older broker gives %q, %v", id, err)
	}
	spoken(far, 12, about(kmsg.MetadataResponseTopic{ErrorCode: int16(kafka.UnknownTopicOrPartition)}))
	if id, err := c.TopicID(t.Context(), "shop"); !errors.Is(err, kafka.UnknownTopicOrPartition) {
		t.Errorf("no topic gives %q, %v", id, err)
	}
}

func FuzzTopicID(f *testing.F) {
	name := "shop"
	res := about(kmsg.MetadataResponseTopic{Topic: &name, TopicID: [16]byte{1}})
	res.Version = metadataVersion
	f.Add(append([]byte{0}, res.AppendTo(nil)...))
	f.Add([]byte{1, 1, 200, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, answer []byte) {
		if id, err := parseTopicID(answer); err != nil && id != "" {
			t.Errorf("%q with %v", id, err)
		}
		_, _ = takesMetadata(answer)
	})
}
