package kafka

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"

	"muster/test/kit/network"
	"muster/test/kit/port"
	"muster/test/kit/process"
)

// clusterID is any 16 bytes in base 64.
const clusterID = "bXVzdGVyLWUyZS10ZXN0cw"

// properties keep at most some 1.3 GB a partition: what a service at half load
// is sent in an hour would fill a disk.
const properties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%[2]d
listeners=PLAINTEXT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d
advertised.listeners=PLAINTEXT://%[4]s
controller.listener.names=CONTROLLER
log.dirs=%[3]s
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=1
num.io.threads=2
background.threads=2
delete.topic.enable=true
file.delete.delay.ms=1000
log.retention.bytes=1073741824
log.segment.bytes=268435456
log.retention.check.interval.ms=60000
`

// locks adds a port for clients who must use TLS, show a certificate and sign
// in, and permissions. The port without stays for the broker itself.
const locks = `listeners=PLAINTEXT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d,SASL_SSL://127.0.0.1:%[3]d
advertised.listeners=PLAINTEXT://127.0.0.1:%[1]d,SASL_SSL://127.0.0.1:%[3]d
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_%[6]s="%[7]s" user_%[8]s="%[9]s";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location=%[4]s
ssl.truststore.type=PEM
ssl.truststore.location=%[5]s
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:%[6]s
`

// lock is what the port for clients of a Secured needs.
type lock struct {
	authority string // file
	server    string // file with certificate and key
}

// RealBroker is an Apache Kafka in KRaft mode, broker and controller in one.
type RealBroker struct {
	dir     string // properties, data and log of the process
	jars    string
	ports   []*port.Port // for clients, for itself, and for clients of locks
	address string
	secured string        // address of the port of locks, if there is one
	link    *network.Link // in front of the address, if there is one
	process *process.Process
	ended   bool // by Stop or Kill, be it that it was started again
}

// StartReal starts an empty broker that keeps its data in dir, on free
// ports, and returns when it answers. The caller must Stop or Kill it.
func StartReal(ctx context.Context, dir string) (*RealBroker, error) {
	return startReal(ctx, dir, nil, nil)
}

// StartRealBehind is StartReal with a Link in front of the broker, which names
// the Link's address to its clients.
func StartRealBehind(ctx context.Context, dir string, link *network.Link) (*RealBroker, error) {
	return startReal(ctx, dir, nil, link)
}

func startReal(ctx context.Context, dir string, l *lock, link *network.Link) (*RealBroker, error) {
	jars, err := install(ctx)
	if err != nil {
		return nil, err
	}
	b := &RealBroker{dir: dir, jars: jars, link: link}
	err = b.prepare(ctx, l)
	if err == nil {
		err = b.Restart(ctx)
	}
	if err != nil {
		b.release()
		return nil, err
	}
	return b, nil
}

// prepare takes ports, and writes what the process is to find.
func (b *RealBroker) prepare(ctx context.Context, l *lock) error {
	var numbers []int
	for range 3 {
		p, err := port.New()
		if err != nil {
			return err
		}
		b.ports, numbers = append(b.ports, p), append(numbers, p.Number)
	}
	b.address = b.ports[0].Address()
	text := fmt.Sprintf(properties, numbers[0], numbers[1], filepath.Join(b.dir, "data"), b.Addresses()[0])
	var users []string
	if l != nil {
		b.secured = b.ports[2].Address()
		text += fmt.Sprintf(locks, numbers[0], numbers[1], numbers[2], l.server, l.authority, Admin, AdminPassword, User, Password)
		users = scramUsers()
	}
	if err := os.WriteFile(b.file("server.properties"), []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing Kafka's properties: %w", err)
	}
	format := b.java(ctx, append([]string{"kafka.tools.StorageTool", "format", "-t", clusterID, "-c", b.file("server.properties")}, users...)...)
	if out, err := format.CombinedOutput(); err != nil {
		return fmt.Errorf("formatting Kafka's storage: %w\n%s", err, out)
	}
	if b.link != nil {
		b.link.To(b.address)
	}
	return nil
}

// scramUsers are arguments of the storage tool.
func scramUsers() []string {
	var arguments []string
	for _, mechanism := range mechanisms[1:] {
		for user, password := range map[string]string{Admin: AdminPassword, User: Password} {
			arguments = append(arguments, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, user, password))
		}
	}
	return arguments
}

// release gives up the ports of a broker that will not be started again.
func (b *RealBroker) release() {
	for _, p := range b.ports {
		p.Release()
	}
}

func (b *RealBroker) file(name string) string { return filepath.Join(b.dir, name) }

func (b *RealBroker) java(ctx context.Context, args ...string) *exec.Cmd {
	// A broker of a test lives for minutes: starting fast counts, not peak speed.
	options := []string{"-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", filepath.Join(b.jars, "*")}
	command := exec.CommandContext(ctx, "java", append(options, args...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it must not outlive the tests
	return command
}

// Addresses returns the broker's host:port.
func (b *RealBroker) Addresses() []string {
	switch {
	case b.secured != "":
		return []string{b.secured}
	case b.link != nil:
		return []string{b.link.Address}
	}
	return []string{b.address}
}

// Restart starts the process on the same ports and data, and returns when it answers.
func (b *RealBroker) Restart(ctx context.Context) (err error) {
	// Not bound to ctx, which only bounds the start.
	command := b.java(context.WithoutCancel(ctx), "kafka.Kafka", b.file("server.properties"))
	b.process, err = process.Start(ctx, "Kafka", b.file("kafka.log"), command, b.answers)
	return err
}

// answerWait is long, as a broker that has just started on a busy machine
// takes seconds for its first answer, and asking anew begins from nothing.
const answerWait = 20 * time.Second

func (b *RealBroker) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	conn, err := (&kafka.Dialer{}).DialContext(ctx, "tcp", b.address)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerWait))
	_, err = conn.Controller()
	return err == nil
}

// Stop asks the process to end and waits until it has.
func (b *RealBroker) Stop() error {
	b.ended = true
	return b.process.End(syscall.SIGTERM)
}

// Kill ends the process at once and waits until it has.
func (b *RealBroker) Kill() error {
	b.ended = true
	return b.process.End(syscall.SIGKILL)
}
