package stream_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"

	"muster/test/kit/kafka"
)

func TestInitCreatesWhatIsMissing(t *testing.T) {
	kafka.Beside(t)
	f := newFixture(t, kafka.Start(t))
	f.cfg.Sources, f.cfg.DeadSuffix, f.cfg.MaxRecordBytes = []string{"web", "app"}, "-refused", 3<<20
	f.createTopic("app-refused", 2) // one that is there already stays as it is
	c := f.connect(nil)
	if _, err := c.Partitions(f.ctx); !errors.Is(err, kafkago.UnknownTopicOrPartition) {
		t.Errorf("counting the partitions of no topic: %v", err)
	}
	created, err := c.Init(f.ctx, 16, 1)
	if err != nil || fmt.Sprint(created) != "[keyed keyed-refused web-refused]" {
		t.Fatalf("created %v, %v", created, err)
	}
	if n, err := c.Partitions(f.ctx); err != nil || n != 16 {
		t.Errorf("%d partitions, %v", n, err)
	}
	if got := f.topicConfig("keyed", "max.message.bytes"); got != fmt.Sprint(3<<20) {
		t.Errorf("the keyed topic takes %s bytes", got)
	}
	if got := f.topicConfig("keyed-refused", "retention.ms"); got != "2592000000" {
		t.Errorf("dead letters are kept for %s ms", got)
	}
	if created, err := c.Init(f.ctx, 16, 1); err != nil || len(created) != 0 {
		t.Errorf("a second Init created %v, %v", created, err)
	}
}

func TestInitRefusesOtherShards(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 4)
	_, err := f.connect(nil).Init(f.ctx, 16, 1)
	if err == nil || !strings.Contains(err.Error(), "has 4 partitions but 16 shards") {
		t.Errorf("the error is %v", err)
	}
}

func (f *fixture) topicConfig(topic, name string) string {
	f.t.Helper()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Resources = append(req.Resources, resource)
	res, err := req.RequestWith(f.ctx, f.client)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, config := range res.Resources[0].Configs {
		if config.Name == name {
			return *config.Value
		}
	}
	f.t.Fatalf("topic %s has no %s", topic, name)
	return ""
}

// A source topic is not Init's to make, but it can be made.
func TestAbsentSourcesAreToldAndMade(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.cfg.Sources = []string{"web", "app"}
	f.createTopic("web", 2)
	c := f.connect(nil)
	absent, err := c.AbsentSources(f.ctx)
	if err != nil || fmt.Sprint(absent) != "[app]" {
		t.Fatalf("absent are %v, %v", absent, err)
	}
	if created, err := c.CreateSources(f.ctx, absent, 3, 1); err != nil || fmt.Sprint(created) != "[app]" {
		t.Errorf("created %v, %v", created, err)
	}
	if absent, err := c.AbsentSources(f.ctx); err != nil || len(absent) > 0 {
		t.Errorf("absent are %v, %v", absent, err)
	}
	if created, err := c.CreateSources(f.ctx, []string{"app"}, 3, 1); err != nil || len(created) > 0 {
		t.Errorf("a second time it created %v, %v", created, err)
	}
}
