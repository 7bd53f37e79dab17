package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"muster/credentials"
	"muster/stream"
)

func TestExampleConfigurationHoldsTheDefaults(t *testing.T) {
	text, err := os.ReadFile("../configs/evaluator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var empty Config // whatever the file leaves out stays zero and shows
	if err := empty.decode(text, os.LookupEnv); err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Kafka.Sources = []string{}
	if !reflect.DeepEqual(empty, want) {
		t.Errorf("the file says\n%+v\nthe defaults are\n%+v", empty, want)
	}
	if err := want.Validate(); err != nil {
		t.Error(err)
	}
}

func TestConfigurationKeepsDefaultsBesideWhatItSets(t *testing.T) {
	c := Default()
	if err := c.decode([]byte("kafka:\n  session_timeout: 20s\nredis:\npipeline:\n  events: {max_depth: 8}\n"), os.LookupEnv); err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Kafka.SessionTimeout, want.Pipeline.Events.MaxDepth = 20e9, 8
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v", c)
	}
}

func TestEnvironmentInConfiguration(t *testing.T) {
	vars := map[string]string{"PW": "it's: #1 \"x\"\n", "HOST": "redis-1"}
	lookup := func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	c := Default()
	text := "redis:\n  password: ${PW}\n  addresses: [\"${HOST}:1\", '${HOST}:2']\n  username: a$${PW}b # ${GONE} in a comment\nsegments:\n  path: |-\n    ${HOST}/x\n"
	if err := c.decode([]byte(text), lookup); err != nil {
		t.Fatal(err)
	}
	if c.Redis.Password.Reveal() != vars["PW"] || strings.Join(c.Redis.Addresses, " ") != "redis-1:1 redis-1:2" ||
		c.Redis.Username != "a${PW}b" || c.Segments.Path != "redis-1/x" {
		t.Errorf("got %+v, segments %q", c.Redis, c.Segments)
	}
	shown, err := c.YAML()
	if err != nil || strings.Contains(shown, "#1") || !strings.Contains(shown, "password: '***'") && !strings.Contains(shown, "password: \"***\"") {
		t.Errorf("printed %v\n%s", err, shown)
	}
}

// No way of printing a configuration shows a password.
func TestNothingPrintsAPassword(t *testing.T) {
	c := Default()
	c.Kafka.SASL = credentials.SASL{Mechanism: credentials.Plain, Username: "muster", Password: credentials.NewSecret("hunter2")}
	c.Redis.Password = credentials.NewSecret("hunter3")
	asYAML, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	core, lines := observer.New(zapcore.DebugLevel)
	zap.New(core).Sugar().Infow("x", "config", c.Kafka, "redis", &c.Redis)
	printed := []string{asYAML}
	for _, line := range lines.All() {
		text, err := zapcore.NewJSONEncoder(zapcore.EncoderConfig{}).EncodeEntry(line.Entry, line.Context)
		if err != nil {
			t.Fatal(err)
		}
		printed = append(printed, text.String())
	}
	cluster, err := stream.Connect(c.Kafka, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for _, value := range []any{c, &c, c.Kafka, c.Redis, cluster} {
			printed = append(printed, fmt.Sprintf(verb, value))
		}
	}
	for _, text := range printed {
		if strings.Contains(text, "hunter") || strings.Contains(text, fmt.Sprintf("%x", "hunter")) {
			t.Errorf("printed: %s", text)
		}
	}
	if strings.Count(asYAML, "***") != 2 {
		t.Errorf("the passwords are not masked:\n%s", asYAML)
	}
}

// unusableConfigurations are texts and what is said about them.
var unusableConfigurations = map[string]string{
	"redis:\n  passwort: x\n":                        "  [2:3] redis: passwort is no setting; did you mean password?",
	"kafka:\n  session_timeout: 5\n":                 "  [2:20] kafka: session_timeout: 5 has no unit; write 5s for seconds, 5ms for milliseconds",
	"kafka:\n  session_timeout: \"5\"\n":             "  [2:20] kafka: session_timeout: \"5\" is no duration; write one as 250ms, 5s or 1h30m",
	"segments: {reload: 1}\n":                        "  [1:20] segments: reload: 1 has no unit; write 1s",
	"redis: {dial_timeout: 0}\n":                     "  [1:23] redis: dial_timeout: 0s is not above 0",
	"brokers: [b:1]\n":                               "  [1:1] brokers is no setting; did you mean kafka.brokers?",
	"redis: {tls: {enable: true}}\n":                 "  [1:15] redis: tls.enable is no setting; did you mean enabled?",
	"http: {xyz: 1}\n":                               "  [1:8] http: xyz is no setting; there are listen",
	"kafka: &a {groop: x}\n":                         "  [1:12] kafka: groop is no setting; did you mean group?",
	"kafka:\n  brokers: [kafka-1]\n":                 "  [2:12] kafka: brokers: \"kafka-1\" is not host:port, as in server.internal:6379",
	"redis: {addresses: [\"redis://r:1\"]}\n":        "  [1:20] redis: addresses: \"redis://r:1\" is not host:port",
	"kafka: [\n":                                     "[1:8]",
	"kafka:\n  brokers: b:1\n":                       "[2:12]",
	"redis:\n  db: many\n":                           "[2:7]",
	"redis:\n  password: ${NO_SUCH}\n":               "[2:13] the environment variable NO_SUCH is not set",
	"kafka:\n  poll_wait: 5 days\n":                  "5 days",
	"kafka:\n  group: a\n  group: b\n":               "[3:3]",
	"a: 1\n---\nb: 2\n":                              "several YAML documents",
	"clock: sundial\n":                               "  [1:8] clock: \"sundial\" is neither wall nor stream",
	"kafka:\n  partitioner: md5\n  brokers: []\n":    "  [2:16] kafka: partitioner: \"md5\"",
	"kafka:\n  brokers: []\nredis:\n  prefix: A B\n": "  [4:11] redis: prefix: \"A B\"",
	"pipeline:\n  commit_timeout: 10s\n":             "  [2:19] pipeline: commit_timeout is 10s; it must be shorter than kafka's session_timeout",
	"log:\n  level: loud\n":                          "  [2:10] log: level is \"loud\"",
	"pipeline:\n  events: {max_depth: 1}\n":          "  [2:23] pipeline: event limit max_depth",
	"pipeline: {profiles: {traits: 0}}\n":            "  [1:31] pipeline: profile limit traits",
	"redis: {tls: {key_file: x}}\n":                  "  [1:14] redis: tls.enabled",
	"http: {listen: '8080'}\n":                       "  [1:16] http: listen is \"8080\"; it must be host:port",
	"segments: {path: ''}\n":                         "  [1:18] segments: path is missing",
	"segments: {reload: 50ms}\n":                     "  [1:20] segments: reload is 50ms; it must be 0, or between 100ms and 24h",
	"segments: folder\n":                             "[1:11]",
	strings.Repeat("# long\n", 10_000):               "it has more than 65536 bytes",
}

// slowConfigurations are texts of up to 64 KB that the YAML package would take
// long for, or that stand for more than their length, and what is said of them.
var slowConfigurations = map[string]string{
	strings.Repeat("{a: ", 16_000):                              "[1:199] mappings and lists are more than 100 deep within each other; nest less",
	"kafka:\n" + strings.Repeat("  group: a\n", 5000):           "[502:8] a mapping has more than 500 keys",
	"kafka:\n  brokers:\n" + strings.Repeat("  -\n", 15_000):    "[1004:3] more than 1000 keys and entries of lists have no value",
	"kafka:\n  group: |\n" + strings.Repeat("\n", 60_000) + "a": "[103:1] there are more than 100 empty lines in a row; take some out",
	strings.Repeat("---\nclock: wall\n", 4000):                  "more than 1000 texts",
	strings.Repeat("a", 60_000) + ": 1\n":                       "is no setting",
	laughs():                                                    "[",
}

// laughs is a text whose aliases stand for 10^9 values.
func laughs() string {
	text := strings.Builder{}
	text.WriteString("kafka:\n  brokers: &a0 [\"b:1\"]\nredis:\n  addresses:\n")
	for i := range 9 {
		fmt.Fprintf(&text, "  - &a%d [%s*a%d]\n", i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	return text.String()
}

// A text that nobody would write is refused with its place, and a file does not
// have to end.
func TestSlowConfigurations(t *testing.T) {
	for text, want := range slowConfigurations {
		c := Default()
		err := c.decode([]byte(text), os.LookupEnv)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q gives %.300v\nwant %s", text, err, want)
		}
	}
	if _, err := Read("/dev/zero"); err == nil || !strings.Contains(err.Error(), "more than 65536 bytes") {
		t.Errorf("a file without an end: %v", err)
	}
}

func TestUnusableConfigurations(t *testing.T) {
	for text, want := range unusableConfigurations {
		path := filepath.Join(t.TempDir(), "evaluator.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q gives %v\nwant %s", text, err, want)
		}
	}
}

// All mistakes are told at once, in the order of the sections and of the
// settings in them, each with its place.
func TestAllMistakesAreToldInOrder(t *testing.T) {
	text := `log: {format: xml, level: loud}
http: {listen: "8080"}
clock: sundial
pipeline: {profiles: {groups: 0}, events: {max_id: 1, max_bytes: 1}, commit_timeout: 20s, timers: 0}
redis: {write_timeout: 0s, read_timeout: 0s, dial_timeout: 0s, db: -1}
segments: {path: ""}
kafka: {linger: -1s, group: "", brokers: []}
`
	want := `  [7:42] kafka: brokers: at least one host:port is needed
  [7:29] kafka: group: the name is missing
  [7:17] kafka: linger: -1s is not within 0s and 1s
  [5:68] redis: db: -1 is negative
  [5:60] redis: dial_timeout: 0s is not above 0 and at most 10m0s
  [5:42] redis: read_timeout: 0s is not above 0 and at most 10m0s
  [5:24] redis: write_timeout: 0s is not above 0 and at most 10m0s
  [4:99] pipeline: timers is 0; it must be between 1 and 100000
  [4:66] pipeline: event limit max_bytes is 1; it must be between 1024 and 67108864
  [4:52] pipeline: event limit max_id is 1; it must be between 16 and 65536
  [4:31] pipeline: profile limit groups is 0; it must be between 1 and 100000
  [6:18] segments: path is missing; write the segment file or folder, or from: redis
  [3:8] clock: "sundial" is neither wall nor stream
  [2:16] http: listen is "8080"; it must be host:port, as :8080, or empty for none
  [1:27] log: level is "loud"; it must be debug, info, warn or error
  [1:15] log: format is "xml"; it must be console or json
  [4:86] pipeline: commit_timeout is 20s; it must be shorter than kafka's session_timeout, which is 10s`
	path := filepath.Join(t.TempDir(), "evaluator.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := Read(path); err == nil || err.Error() != "configuration "+path+":\n"+want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}

// Settings that nobody knows, and durations that are none, are told all at
// once, in the order of the text.
func TestAllUnknownSettingsAreToldAtOnce(t *testing.T) {
	text := `kafka:
  grupo: shop
  session_timeout: 5
  tls: {enable: true}
redis:
  adresses: [a:1]
pipeline:
  session_timeout: 3s
`
	want := `  [2:3] kafka: grupo is no setting; did you mean group?
  [3:20] kafka: session_timeout: 5 has no unit; write 5s for seconds, 5ms for milliseconds
  [4:9] kafka: tls.enable is no setting; did you mean enabled?
  [6:3] redis: adresses is no setting; did you mean addresses?
  [8:3] pipeline: session_timeout is no setting; did you mean kafka.session_timeout?`
	c := Default()
	for range 2 {
		if err := c.decode([]byte(text), os.LookupEnv); err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}

// What Kafka knows a deployment by follows its prefix, wherever it stands.
func TestNamesFollowThePrefix(t *testing.T) {
	c := Default()
	if err := c.decode([]byte("redis: {prefix: eu}\nkafka: {group: mine}\n"), os.LookupEnv); err != nil {
		t.Fatal(err)
	}
	if k := c.Kafka; k.ClientID != "muster-eu" || k.Group != "mine" || k.Keyed != "muster-eu-events" {
		t.Errorf("got %q, %q and %q", k.ClientID, k.Group, k.Keyed)
	}
}

// Zero is the same in every unit, so it needs none.
func TestZeroNeedsNoUnit(t *testing.T) {
	for _, zero := range []string{"0", "0s", "0.0", "-0", `"0"`} {
		path := filepath.Join(t.TempDir(), "evaluator.yaml")
		text := "segments: {reload: " + zero + "}\nkafka:\n  linger: " + zero + " # as soon as there is something\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Read(path)
		if err != nil || c.Segments.Reload != 0 || c.Kafka.Linger != 0 {
			t.Errorf("%s gives %s and %s, %v", zero, c.Segments.Reload, c.Kafka.Linger, err)
		}
	}
}

// An archive's folder is looked for beside the configuration, and a mistake of
// it is told with its place.
func TestArchiveOfTheConfiguration(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "evaluator.yaml")
	for text, want := range map[string]string{
		"archive: {location: logs}":                          filepath.Join(folder, "logs"),
		"archive: {location: \"s3://b/x\", layout: segment}": "s3://b/x",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Read(path)
		if err != nil || c.Archive.Location != want {
			t.Errorf("%s: %+v, %v", text, c.Archive, err)
		}
	}
	if err := os.WriteFile(path, []byte("archive:\n  attempts: 0\n  layout: mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Read(path)
	for _, want := range []string{"[3:11] archive: layout: \"mine\"", "[2:13] archive: attempts: 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
}

// Events that come over HTTP go where somebody reads them.
func TestTrackingTopic(t *testing.T) {
	for text, want := range map[string]string{
		"log: {level: info}":                                                        "muster-events",
		"kafka: {sources: [shop, web]}":                                             "shop",
		"kafka: {sources: [shop, web]}\ntracking: {topic: web}":                     "web",
		"kafka: {sources: [shop], keyed: mine}\ntracking: {topic: mine}":            "mine",
		"redis: {prefix: eu}\ntracking: {topic: muster-eu-events, max_event: 1024}": "muster-eu-events",
	} {
		c := Default()
		if err := c.decode([]byte(text), os.LookupEnv); err != nil {
			t.Fatal(err)
		}
		if err := c.Validate(); err != nil || c.TrackingTopic() != want {
			t.Errorf("%s: %s, %v", text, c.TrackingTopic(), err)
		}
	}
	path := filepath.Join(t.TempDir(), "evaluator.yaml")
	if err := os.WriteFile(path, []byte("kafka: {sources: [shop]}\ntracking:\n  topic: web\n  in_flight: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Read(path)
	for _, want := range []string{
		`[3:10] tracking: topic is "web"; it must be one of kafka's sources or its keyed topic muster-events, or be left out`,
		"[4:14] tracking: in_flight: 1 is not within 512000 and 1073741824",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
}
