package kafka_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"muster/activation"
	"muster/activation/kafka"
	"muster/credentials"
	kit "muster/test/kit/kafka"
)

// patience bounds what must come by itself.
const patience = 10 * time.Minute

// partition is any rule that tells profiles apart.
func partition(profile string, partitions int) int {
	digest := fnv.New32a()
	_, _ = digest.Write([]byte(profile))
	return int(digest.Sum32() % uint32(partitions))
}

func home(broker kit.Broker) kafka.Home {
	return kafka.Home{ID: "deployment", Agent: "muster", Brokers: broker.Addresses(), Shards: 3, Partition: partition}
}

// destination is one with both topics.
func destination() *activation.Destination {
	return &activation.Destination{Name: "lake", Kafka: &activation.Kafka{Topic: "memberships", MembersTopic: "members", Timeout: patience}}
}

func open(t testing.TB, d *activation.Destination, h kafka.Home) *kafka.Sender {
	t.Helper()
	s, err := kafka.New(d, h)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// message is what a destination is sent of changes.
func message(t testing.TB, d *activation.Destination, changes ...activation.Change) activation.Message {
	t.Helper()
	m, err := d.Message(changes)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func change(profile, segment string, version uint64, entered bool) activation.Change {
	return activation.Change{Profile: profile, Segment: segment, Version: version, Entered: entered, At: 1_763_719_200_000, Cause: "event"}
}

func demand(t testing.TB, a activation.Answer, verdict activation.Verdict, reason string) {
	t.Helper()
	if a.Verdict != verdict || !strings.Contains(a.Reason, reason) {
		t.Fatalf("verdict %d with %q after %s, want %d with %q", a.Verdict, a.Reason, a.Took, verdict, reason)
	}
}

// committed returns what is committed on a topic, once there are so many
// records: brokers take a moment to end a transaction that they have committed.
func committed(t *testing.T, b kit.Broker, topic string, least int) (records []*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for len(records) < least {
		records = nil
		err := kit.ReadCommitted(ctx, topic, func(r *kgo.Record) { records = append(records, r) }, kgo.SeedBrokers(b.Addresses()...))
		if err != nil {
			t.Fatalf("%v; there were %d records", err, len(records))
		}
	}
	return records
}

func headers(r *kgo.Record) map[string]string {
	all := map[string]string{}
	for _, h := range r.Headers {
		all[h.Key] = string(h.Value)
	}
	return all
}

// TestRecords has what is on the topics: keys, values, headers, partitions.
func TestRecords(t *testing.T) {
	b, d := kit.Start(t), destination()
	s := open(t, d, home(b)).Of(0, holds)
	defer s.Close()
	odd := "a/b\xff\x00"
	demand(t, s.Send(t.Context(), message(t, d, change("u1", "vip", 7, true), change(odd, "new", 1, true), change("u1", "vip", 8, false))), activation.Delivered, "")
	var got []string
	for _, r := range committed(t, b, "memberships", 3) {
		if want := int32(partition(string(r.Key), 3)); r.Partition != want {
			t.Errorf("%q is on partition %d, want %d", r.Key, r.Partition, want)
		}
		h := headers(r)
		if h["ce_id"] == "" || h["ce_id"] != activation.MessageID("lake", []activation.Change{changeOf(r)}) {
			t.Errorf("%q has the id %q", r.Value, h["ce_id"])
		}
		delete(h, "ce_id")
		got = append(got, fmt.Sprintf("%q %s %v", r.Key, r.Value, h))
	}
	const common = "ce_source:/muster/lake ce_specversion:1.0 ce_subject:"
	sameSet(t, got, []string{
		`"u1" {"type":"audience.entered","profile":"u1","segment":"vip","version":7,"at":"2025-11-21T10:00:00.000Z","cause":"event"} ` +
			"map[" + common + "vip ce_time:2025-11-21T10:00:00.000Z ce_type:audience.entered content-type:application/json muster_version:7]",
		`"u1" {"type":"audience.exited","profile":"u1","segment":"vip","version":8,"at":"2025-11-21T10:00:00.000Z","cause":"event"} ` +
			"map[" + common + "vip ce_time:2025-11-21T10:00:00.000Z ce_type:audience.exited content-type:application/json muster_version:8]",
		`"a/b\xff\x00" {"type":"audience.entered","profile":"a/b\ufffd\u0000","segment":"new","version":1,"at":"2025-11-21T10:00:00.000Z","cause":"event"} ` +
			"map[" + common + "new ce_time:2025-11-21T10:00:00.000Z ce_type:audience.entered content-type:application/json muster_version:1]",
	})
	var members []string
	for _, r := range committed(t, b, "members", 3) {
		profile := string(r.Key[:strings.LastIndexByte(string(r.Key), '/')])
		if want := int32(partition(profile, 3)); r.Partition != want {
			t.Errorf("%q is on partition %d, want %d", r.Key, r.Partition, want)
		}
		members = append(members, fmt.Sprintf("%q %t %s", r.Key, r.Value == nil, headers(r)["muster_version"]))
	}
	sameSet(t, members, []string{`"u1/vip" false 7`, `"u1/vip" true 8`, `"a/b\xff\x00/new" false 1`})
}

// TestParts has where a run begins and ends on every partition, without a key,
// and on no topic of members.
func TestParts(t *testing.T) {
	b, d := kit.Start(t), destination()
	s := open(t, d, home(b)).Of(0, holds)
	defer s.Close()
	part := func(p activation.Part) activation.Change {
		return activation.Change{Number: -1, At: 1_763_719_200_000, Cause: "snapshot", Run: "r1", Part: &p}
	}
	begins, ends := part(activation.Part{Number: 2, Of: 3}), part(activation.Part{Number: 2, Of: 3, Ended: true, Members: 1})
	for _, c := range []activation.Change{begins, change("u1", "vip", 7, true), ends} {
		demand(t, s.Send(t.Context(), message(t, d, c)), activation.Delivered, "")
	}
	kinds, ids := map[int32][]string{}, map[string]map[string]bool{}
	for _, r := range committed(t, b, "memberships", 7) {
		h := headers(r)
		kinds[r.Partition] = append(kinds[r.Partition], h["ce_type"])
		if r.Key != nil {
			continue
		}
		if ids[h["ce_type"]] == nil {
			ids[h["ce_type"]] = map[string]bool{}
		}
		ids[h["ce_type"]][h["ce_id"]] = true
		want := `{"type":"audience.snapshot_started","run":"r1","part":2,"parts":3,"at":"2025-11-21T10:00:00.000Z"}`
		if h["ce_type"] == "audience.snapshot_completed" {
			want = `{"type":"audience.snapshot_completed","run":"r1","part":2,"parts":3,"members":1,"at":"2025-11-21T10:00:00.000Z"}`
		}
		if _, versioned := h["muster_version"]; string(r.Value) != want || h["ce_subject"] != "r1" || versioned {
			t.Errorf("a part has the value %s and the headers %v", r.Value, h)
		}
	}
	for p := range int32(3) {
		want := "audience.snapshot_started audience.snapshot_completed"
		if p == int32(partition("u1", 3)) {
			want = "audience.snapshot_started audience.entered audience.snapshot_completed"
		}
		if got := strings.Join(kinds[p], " "); got != want {
			t.Errorf("partition %d has %q, want %q", p, got, want)
		}
	}
	if len(ids["audience.snapshot_started"]) != 1 || len(ids["audience.snapshot_completed"]) != 1 {
		t.Errorf("the parts have the ids %v, want one each", ids)
	}
	if members := committed(t, b, "members", 1); len(members) != 1 {
		t.Errorf("%d records are on the topic of members, want 1", len(members))
	}
}

// changeOf returns the change that a record tells of, by its key and headers.
func changeOf(r *kgo.Record) activation.Change {
	h := headers(r)
	c := change(string(r.Key), h["ce_subject"], 0, h["ce_type"] == "audience.entered")
	_, _ = fmt.Sscan(h["muster_version"], &c.Version)
	return c
}

func sameSet(t *testing.T, got, want []string) {
	t.Helper()
	left := map[string]int{}
	for _, one := range want {
		left[one]++
	}
	for _, one := range got {
		if left[one]--; left[one] < 0 {
			t.Errorf("too much: %s", one)
		}
	}
	for one, n := range left {
		if n > 0 {
			t.Errorf("missing: %s", one)
		}
	}
}

func holds(context.Context) error { return nil }

// TestOrder has the records of each profile in the order of versions over
// many messages, and every message as a whole.
func TestOrder(t *testing.T) {
	b, d := kit.Start(t), destination()
	s := open(t, d, home(b)).Of(0, holds)
	defer s.Close()
	const messages, profiles = 20, 30
	for n := range messages {
		var changes []activation.Change
		for p := range profiles {
			changes = append(changes, change(fmt.Sprint("u", p), "vip", uint64(n+1), n%2 == 0))
		}
		demand(t, s.Send(t.Context(), message(t, d, changes...)), activation.Delivered, "")
	}
	next := map[string]uint64{}
	for _, r := range committed(t, b, "memberships", messages*profiles) {
		c := changeOf(r)
		if next[c.Profile]++; c.Version != next[c.Profile] {
			t.Fatalf("version %d of %s, want %d", c.Version, c.Profile, next[c.Profile])
		}
	}
	if len(next) != profiles || next["u0"] != messages {
		t.Errorf("%v came", next)
	}
}

// TestFence has the one who was there before write nothing any more, nor the
// one who may not although it comes later.
func TestFence(t *testing.T) {
	b, d := kit.Start(t), destination()
	sender := open(t, d, home(b))
	taken := false
	before := sender.Of(1, func(context.Context) error {
		if taken {
			return fmt.Errorf("asking: %w", activation.ErrTaken)
		}
		return nil
	})
	defer before.Close()
	demand(t, before.Send(t.Context(), message(t, d, change("u1", "vip", 1, true))), activation.Delivered, "")
	taken = true
	now := sender.Of(1, holds)
	defer now.Close()
	demand(t, now.Send(t.Context(), message(t, d, change("u1", "vip", 2, false))), activation.Delivered, "")
	stale := message(t, d, change("u1", "vip", 1, true))
	demand(t, before.Send(t.Context(), stale), activation.Deferred, "another process")
	demand(t, before.Send(t.Context(), stale), activation.Deferred, "another process sends for this shard now")
	next := message(t, d, change("u1", "vip", 3, true))
	demand(t, now.Send(t.Context(), next), activation.Deferred, "another process has taken the transactional id")
	demand(t, now.Send(t.Context(), next), activation.Delivered, "")
	other := sender.Of(2, holds)
	defer other.Close()
	demand(t, other.Send(t.Context(), message(t, d, change("u2", "vip", 1, true))), activation.Delivered, "")
	demand(t, now.Send(t.Context(), message(t, d, change("u1", "vip", 4, false))), activation.Delivered, "")
	var versions []uint64
	for _, r := range committed(t, b, "memberships", 5) {
		if string(r.Key) == "u1" {
			versions = append(versions, changeOf(r).Version)
		}
	}
	if fmt.Sprint(versions) != "[1 2 3 4]" {
		t.Errorf("versions %v", versions)
	}
}

// TestTopicsAreMade has them made as the document says, or told of.
func TestTopicsAreMade(t *testing.T) {
	b, d := kit.Start(t), destination()
	h := home(b)
	h.Shards = 0
	m := message(t, d, change("u1", "vip", 1, true))
	demand(t, open(t, d, h).Send(t.Context(), m), activation.Deferred, "make it, or let an evaluator that runs make it (looking for topic memberships")
	demand(t, open(t, d, home(b)).Send(t.Context(), m), activation.Delivered, "")
	for topic, policy := range map[string]string{"memberships": "delete", "members": "compact"} {
		partitions, got := described(t, b, topic)
		if partitions != 3 || got != policy {
			t.Errorf("%s has %d partitions and the policy %q", topic, partitions, got)
		}
	}
}

// described returns the partitions of a topic and its cleanup.policy.
func described(t *testing.T, b kit.Broker, topic string) (partitions int, policy string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addresses()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	metadata := kmsg.NewPtrMetadataRequest()
	metadata.Topics = []kmsg.MetadataRequestTopic{{Topic: &topic}}
	found, err := metadata.RequestWith(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	ask := kmsg.NewPtrDescribeConfigsRequest()
	ask.Resources = []kmsg.DescribeConfigsRequestResource{{ResourceType: kmsg.ConfigResourceTypeTopic, ResourceName: topic, ConfigNames: []string{"cleanup.policy"}}}
	answer, err := ask.RequestWith(t.Context(), client)
	if err != nil || len(answer.Resources) != 1 || len(answer.Resources[0].Configs) != 1 {
		t.Fatalf("%+v, %v", answer, err)
	}
	return len(found.Topics[0].Partitions), *answer.Resources[0].Configs[0].Value
}

// TestTooLarge has what a topic does not take refused, and the rest of its
// message taken.
func TestTooLarge(t *testing.T) {
	b, d := kit.Start(t), destination()
	d.Kafka.MembersTopic = ""
	limited(t, b, "memberships", "2000")
	s := open(t, d, home(b)).Of(0, holds)
	defer s.Close()
	long := noise(4000)
	demand(t, s.Send(t.Context(), message(t, d, change(long, "vip", 1, true))), activation.Refused, "raise the topic's max.message.bytes")
	demand(t, s.Send(t.Context(), message(t, d, change("u1", "vip", 1, true), change(long, "vip", 2, true), change("u1", "vip", 2, false))),
		activation.Refused, "1 of 3 changes, the others were taken: it is too large for the topic")
	var many []activation.Change
	for n := range 40 { // too large only together
		many = append(many, change(noise(40+n), "vip", 1, true))
	}
	demand(t, s.Send(t.Context(), message(t, d, many...)), activation.Delivered, "")
	if got := len(committed(t, b, "memberships", 42)); got != 42 {
		t.Errorf("%d records came, want 42", got)
	}
}

// noise is a text of so many bytes that no compression makes shorter by much.
func noise(n int) string {
	random := rand.New(rand.NewPCG(uint64(n), 1))
	text := make([]byte, n)
	for i := range text {
		text[i] = byte('!' + random.IntN(94))
	}
	return string(text)
}

// limited makes a topic that takes batches of so many bytes.
func limited(t *testing.T, b kit.Broker, topic, bytes string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addresses()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ask := kmsg.NewPtrCreateTopicsRequest()
	ask.Topics = []kmsg.CreateTopicsRequestTopic{{
		Topic: topic, NumPartitions: 1, ReplicationFactor: 1,
		Configs: []kmsg.CreateTopicsRequestTopicConfig{{Name: "max.message.bytes", Value: &bytes}},
	}}
	if answer, err := ask.RequestWith(t.Context(), client); err != nil || answer.Topics[0].ErrorCode != 0 {
		t.Fatal(err, answer)
	}
}

// TestAway has a broker that is not there told of within the timeout, and the
// message taken once it is.
func TestAway(t *testing.T) {
	b, d := kit.StartFakeFor(t), destination()
	d.Kafka.Timeout = 2 * time.Second
	s := open(t, d, home(b)).Of(0, holds)
	defer s.Close()
	demand(t, s.Send(t.Context(), message(t, d, change("u1", "vip", 1, true))), activation.Delivered, "")
	if err := b.Kill(); err != nil {
		t.Fatal(err)
	}
	answer := s.Send(t.Context(), message(t, d, change("u1", "vip", 2, false)))
	demand(t, answer, activation.Deferred, "")
	demand(t, s.Send(t.Context(), message(t, d, change("u1", "vip", 2, false))), activation.Deferred, "connection refused")
	if err := b.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(patience); ; {
		answer = s.Send(t.Context(), message(t, d, change("u1", "vip", 2, false)))
		if answer.Verdict == activation.Delivered || time.Now().After(until) {
			break
		}
	}
	demand(t, answer, activation.Delivered, "")
}

// TestAccess has who is not let in told what to do, and nothing of the
// password.
func TestAccess(t *testing.T) {
	b := kit.StartFakeFor(t, kfake.EnableSASL(), kfake.User("PLAIN", "muster", "right"), kfake.User("SCRAM-SHA-256", "muster", "right"))
	for mechanism, c := range map[string]struct {
		password, reason string
		verdict          activation.Verdict
	}{
		credentials.Plain:       {"wrong", "muster: check sasl.username, sasl.mechanism and the password", activation.Deferred},
		credentials.ScramSHA256: {"right", "", activation.Delivered},
		credentials.ScramSHA512: {"right", "muster: check sasl.username, sasl.mechanism and the password", activation.Deferred},
	} {
		d := destination()
		d.Kafka.Brokers = b.Addresses()
		d.Kafka.SASL = credentials.SASL{Mechanism: mechanism, Username: "muster", Password: credentials.NewSecret(c.password)}
		answer := open(t, d, kafka.Home{ID: "x", Shards: 1, Partition: partition}).Send(t.Context(), message(t, d, change("u1", "vip", 1, true)))
		demand(t, answer, c.verdict, c.reason)
		if strings.Contains(answer.Reason, c.password) {
			t.Errorf("%q shows the password", answer.Reason)
		}
	}
}

// TestUnusable has New refuse what Check does.
func TestUnusable(t *testing.T) {
	d := destination()
	d.Kafka.MembersTopic = d.Kafka.Topic
	if _, err := kafka.New(d, kafka.Home{}); err == nil || !strings.HasPrefix(err.Error(), "kafka: members_topic: ") {
		t.Errorf("error %v", err)
	}
}

// TestBrokenOff has what an owner has written and not committed count for
// nothing, once the next one has begun.
func TestBrokenOff(t *testing.T) {
	b, d := kit.Start(t), destination()
	sender := open(t, d, home(b))
	first := sender.Of(0, holds)
	demand(t, first.Send(t.Context(), message(t, d, change("u1", "vip", 1, true))), activation.Delivered, "")
	first.Close()
	breakOff(t, b, "muster.deployment.lake.0", "memberships")
	second := sender.Of(0, holds)
	defer second.Close()
	demand(t, second.Send(t.Context(), message(t, d, change("u1", "vip", 2, false))), activation.Delivered, "")
	if got := committed(t, b, "memberships", 2); len(got) != 2 {
		t.Errorf("%d records are committed", len(got))
	}
}

// breakOff writes a record under a transactional id and does not commit it.
func breakOff(t *testing.T, b kit.Broker, id, topic string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addresses()...), kgo.TransactionalID(id))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: []byte("u1"), Value: []byte("{}")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}
