package activation

import (
	"slices"

	"github.com/goccy/go-yaml/ast"

	"muster/credentials"
	"muster/yamltree"
)

// maxBrokers bounds the brokers of a destination.
const maxBrokers = 32

// What a file can say of a destination in Kafka.
var (
	kafkaKeys = []string{"brokers", "topic", "members_topic", "tls", "sasl", "timeout"}
	tlsKeys   = []string{"enabled", "ca_file", "cert_file", "key_file", "server_name"}
	saslKeys  = []string{"mechanism", "username", "password"}
)

func (r *reading) readKafka(n ast.Node) *Kafka {
	k := &Kafka{Topic: DefaultTopic, Timeout: defaultTimeout}
	before, at := len(r.mistakes), map[string]place{}
	read := []func(ast.Node){
		func(n ast.Node) {
			r.list(n, "brokers", "a list as [kafka-1:9092, kafka-2:9092]", maxBrokers, func(n ast.Node) {
				k.Brokers = append(k.Brokers, r.text(n, "an entry of brokers"))
			})
		},
		func(n ast.Node) { k.Topic = r.text(n, "topic") },
		func(n ast.Node) { k.MembersTopic = r.text(n, "members_topic") },
		func(n ast.Node) { k.TLS = r.readTLS(n) },
		func(n ast.Node) { k.SASL = r.readSASL(n) },
		func(n ast.Node) { k.Timeout = r.duration(n, "timeout", minTimeout, maxTimeout) },
	}
	for i, one := range read {
		read[i] = func(n ast.Node) { at[kafkaKeys[i]] = r.placeOf(n); one(n) }
	}
	if r.mapping(n, theKafka, fieldsOf(kafkaKeys, read, map[string]bool{})) && len(r.mistakes) == before {
		r.checked("kafka", kafkaKeys, k.Check(), r.placeOf(n), at)
	}
	return k
}

// readTLS reads how connections are encrypted. To say anything of it is to
// want it, unless enabled says otherwise.
func (r *reading) readTLS(n ast.Node) credentials.TLS {
	t := credentials.TLS{Enabled: true}
	r.mapping(n, "tls", fieldsOf(tlsKeys, []func(ast.Node){
		func(n ast.Node) { t.Enabled = r.truth(n, "enabled") },
		func(n ast.Node) { t.CAFile = r.beside(r.text(n, "ca_file")) },
		func(n ast.Node) { t.CertFile = r.beside(r.text(n, "cert_file")) },
		func(n ast.Node) { t.KeyFile = r.beside(r.text(n, "key_file")) },
		func(n ast.Node) { t.ServerName = r.text(n, "server_name") },
	}, map[string]bool{}))
	return t
}

func (r *reading) readSASL(n ast.Node) credentials.SASL {
	var s credentials.SASL
	r.mapping(n, "sasl", fieldsOf(saslKeys, []func(ast.Node){
		func(n ast.Node) { s.Mechanism = r.text(n, "mechanism") },
		func(n ast.Node) { s.Username = r.text(n, "username") },
		func(n ast.Node) { s.Password = r.secret(n, "password") },
	}, map[string]bool{}))
	return s
}

// kafkaOnly tells of what a destination in Kafka can't have, and gives it the
// defaults that are its own.
func (r *reading) kafkaOnly(n ast.Node, d *Destination, said map[string]bool) {
	if d.Kafka == nil {
		return
	}
	why := map[string]string{
		"format":      "its records are CloudEvents with a value as of the format muster",
		"template":    "its records are CloudEvents with a value as of the format muster",
		"concurrency": "each shard's messages are transactions, one after the other; a larger batch is faster",
	}
	values, _ := yamltree.Pairs(n)
	for _, pair := range values {
		key := yamltree.Key(pair)
		if reason, ok := why[key]; ok && slices.Contains(destinationKeys, key) {
			r.wrong(pair.Key, "take it out; "+reason, "a destination in Kafka has no %s", key)
		}
	}
	d.Concurrency = 1
	if !said["batch"] {
		d.Batch = DefaultKafkaBatch
	}
}
