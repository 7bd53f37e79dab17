package activation

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// usable is a destination that has all it must have.
const usable = "destinations:\n  - name: crm\n    webhook: {url: \"https://a.example\"}\n    segments: all\n"

// with returns usable and a line more of the destination.
func with(line string) string { return usable + "    " + line + "\n" }

// webhookWith returns usable with one key more of the webhook.
func webhookWith(key string) string {
	return strings.Replace(usable, "{", "{"+key+", ", 1)
}

// inKafkaWith returns a destination in Kafka with some keys below kafka.
func inKafkaWith(keys string) string {
	return "destinations:\n  - name: lake\n    kafka: {" + keys + "}\n    segments: all\n"
}

const oneHint = "    hint: it is given one change, as .Profile, .Segment, .Entered, .Time, .Version, .Cause, .ID and .Traits; {{json .Profile}} writes a text with its quotes"

// unusable are files and all that is said about them, without the file's name.
var unusable = []struct{ name, text, want string }{
	{"not UTF-8", "destinations: \xff", "1:1: the file is not UTF-8 text\n    hint: save it as UTF-8"},
	{"too long", strings.Repeat("# long\n", 10000), "1:1: the file has more than 65536 bytes\n    hint: split it, into files of one folder"},
	{"too many lines", strings.Repeat("#\n", maxLines+1), "4001:1: the file has more than 4000 lines\n    hint: split it, into files of one folder"},
	{"too many keys", strings.Repeat("a: 1\n", 501), "501:2: a mapping has more than 500 keys\n    hint: cut it into several, or write what it has as a list"},
	{"too deep", "a:\r\n" + strings.Repeat("[", 101), "2:100: mappings and lists are more than 100 deep within each other\n    hint: nest less"},
	{"tabs", "destinations:\n\t- name: crm\n", "2:1: not YAML: found character '\t' that cannot start any token\n" +
		"    hint: check indentation and quotes around this line; indent with spaces, not tabs"},
	{"no mapping", "crm", "1:1: the file must be a mapping\n    hint: the keys are destinations, each with a colon behind it"},
	{"file's key misspelt", "destination: []", "1:1: the file has no key destination\n    hint: did you mean destinations?"},
	{"file's key unknown", "kafka: []", "1:1: the file has no key kafka\n    hint: the keys are destinations"},
	{"segments", "segments: []\n" + usable, "1:1: the file has no key segments\n" +
		"    hint: segments stand in files of their own, under the path segments.path; here are destinations only"},
	{"no list", "destinations: {name: crm}", "1:15: destinations must be a list\n    hint: write - name: crm and its other keys below"},
	{"nothing", "destinations:", "1:15: destinations must be a list\n    hint: write - name: crm and its other keys below"},
	{"no destination", "destinations: [crm]", "1:16: a destination must be a mapping\n" +
		"    hint: the keys are name, webhook, kafka, segments, format, template, batch, batch_age, concurrency, rate, coalesce, initial, traits, each with a colon behind it"},
	{"alias", "destinations:\n  - &a {name: crm, webhook: {url: x}, segments: all}\n", "2:5: a destination must be a mapping\n" +
		"    hint: write the value out; anchors, aliases and tags are not followed here"},
	{"key misspelt", with("fromat: muster"), "5:5: destination crm: a destination has no key fromat\n    hint: did you mean format?"},
	{"key near", with("segment: [vip]"), "5:5: destination crm: a destination has no key segment\n    hint: did you mean segments?"},
	{"key unknown", with("colour: red"), "5:5: destination crm: a destination has no key colour\n" +
		"    hint: the keys are name, webhook, kafka, segments, format, template, batch, batch_age, concurrency, rate, coalesce, initial, traits"},
	{"key of the webhook", with("url: https://a.example"), "5:5: destination crm: a destination has no key url\n    hint: it belongs under webhook:"},
	{"key beside the webhook", webhookWith("batch: 3"), "3:15: destination crm: the webhook has no key batch\n    hint: it belongs beside webhook:, not under it"},
	{"webhook's key misspelt", webhookWith("time_out: 3s"), "3:15: destination crm: the webhook has no key time_out\n    hint: did you mean timeout?"},
	{"webhook's key unknown", webhookWith("colour: red"), "3:15: destination crm: the webhook has no key colour\n" +
		"    hint: the keys are url, secrets, headers, timeout, ca_file, allow_networks"},
	{"key twice", with("segments: all"), "5:5: destination crm: the key segments stands twice\n    hint: keep one of them"},
	{"all missing", "destinations:\n  - {batch: 2}\n", "2:5: the destination has no name\n    hint: add name: with 1 to 64 of the characters a-z, 0-9 and -\n" +
		"FILE:2:5: the destination has neither webhook nor kafka\n    hint: add webhook: with url: and secrets: below it, or kafka: {topic: muster.memberships}\n" +
		"FILE:2:5: the destination does not say of which segments\n    hint: add segments: all, or a list as [vip, \"churn-*\"]"},
	{"name empty", strings.Replace(usable, "crm", `""`, 1), "2:11: the name \"\" can't be used\n    hint: a name is 1 to 64 of the characters a-z, 0-9 and -"},
	{"name in capitals", strings.Replace(usable, "crm", "CRM", 1), "2:11: the name \"CRM\" can't be used\n    hint: a name is 1 to 64 of the characters a-z, 0-9 and -"},
	{"name a number", strings.Replace(usable, "crm", "12", 1), "2:11: name must be a text\n    hint: put quotes around it"},
	{"name of nothing", strings.Replace(usable, "crm", "", 1), "2:10: name has no value\n    hint: write it behind the colon, or take the key out"},
	{"name twice", usable + strings.TrimPrefix(usable, "destinations:\n"), "5:11: destination crm: the name is used twice; first at FILE:2\n" +
		"    hint: give one of them another name"},
	{"format misspelt", with("format: segment-trak"), "5:13: destination crm: there is no format \"segment-trak\"\n    hint: did you mean segment-track?"},
	{"format unknown", with("format: xml"), "5:13: destination crm: there is no format \"xml\"\n" +
		"    hint: the formats are muster, segment-track, segment-identify, mparticle, template"},
	{"template missing", with("format: template"), "2:5: destination crm: the format template needs a template\n" +
		"    hint: add template:, as template: '{\"user\": {{json .Profile}}, \"in\": {{.Entered}}}'"},
	{"template unused", with("template: '{}'"), "5:15: destination crm: the format muster has no template\n    hint: add format: template, or take the template out"},
	{"template unclosed", with("format: template") + "    template: '{{json'\n", "6:15: destination crm: the template fails: body:1: unclosed action\n" + oneHint},
	{"template of an unknown field", with("format: template") + "    template: '{{.User}}'\n", "6:15: destination crm: the template fails: " +
		"body:1:2: executing \"body\" at <.User>: can't evaluate field User in type activation.TemplateChange\n" + oneHint},
	{"template without quotes", with("format: template") + "    template: '{\"user\": {{.Profile}}}'\n", "6:15: destination crm: the template makes no JSON: " +
		"invalid character 'u' looking for beginning of value behind \"{\\\"user\\\": u\"\n" + oneHint},
	{"template without commas", with("format: template") + "    batch: 2\n    template: '[{{range .}}{{json .Profile}}{{end}}]'\n", "7:15: destination crm: " +
		"the template makes no JSON: invalid character '\"' after array element behind \"[\\\"user \\\\\\\"1\\\\\\\" \\\\\\\\\\\"\\\"\"\n" +
		"    hint: with batch it is given a list: {{range $i, $c := .}}{{if $i}},{{end}}{{json $c.Profile}}{{end}}"},
	{"template without end", with("format: template") + "    template: '\"{{range 100000000}}xxxxxxxxxx{{end}}\"'\n", "6:15: destination crm: the template fails: " +
		"it makes more than 4194304 bytes\n" + oneHint},
	{"template too long", with("format: template") + "    template: '" + strings.Repeat(" ", maxTemplate) + "{}'\n", "6:15: destination crm: " +
		"the template has 16386 bytes; it may have 16384\n" + oneHint},
	{"batch of none", with("batch: 0"), "5:12: destination crm: batch is 0; it must be a whole number from 1 to 1000"},
	{"batch too large", with("batch: 1001"), "5:12: destination crm: batch is 1001; it must be a whole number from 1 to 1000"},
	{"batch in part", with("batch: 1.5"), "5:12: destination crm: batch must be a whole number from 1 to 1000\n    hint: write it as 4, without quotes"},
	{"batch quoted", with(`batch: "10"`), "5:12: destination crm: batch must be a whole number from 1 to 1000\n    hint: write it as 4, without quotes"},
	{"batch in another base", with("batch: 010"), "5:12: destination crm: batch is 010; write it in base 10, without a zero before it"},
	{"concurrency", with("concurrency: 257"), "5:18: destination crm: concurrency is 257; it must be a whole number from 1 to 256"},
	{"batch_age above", with("batch: 5\n    batch_age: 61s"), "6:16: destination crm: batch_age is 61s; it must be between 0s and 1m"},
	{"batch_age below", with("batch: 5\n    batch_age: -1s"), "6:16: destination crm: batch_age is -1s; it must be between 0s and 1m"},
	{"batch_age without a batch", with("batch_age: 1s"), "5:16: destination crm: batch_age has nothing to wait for, as a batch of 1 is always full\n" +
		"    hint: set batch to more than 1, or take batch_age out"},
	{"traits no list", with("traits: email"), "5:13: destination crm: traits must be a list\n    hint: write a list as [email, address.city]"},
	{"traits odd", with("traits: [first-name]"), "5:14: destination crm: \"first-name\" is no path of a trait\n" +
		"    hint: write email or address.city, and [\"first name\"] for a name with other signs"},
	{"traits with traits", with("traits: [traits.email]"), "5:14: destination crm: \"traits.email\" begins with traits\n    hint: write email"},
	{"traits within", with("traits: [a.b, c, a]"), "5:22: destination crm: traits has a.b and a, which are one or lie within each other\n    hint: keep one of them"},
	{"traits without a place", with("format: mparticle\n    traits: [email]"), "6:13: destination crm: the format mparticle carries no traits\n" +
		"    hint: take the traits out, or choose another format"},
	{"coalesce no boolean", with("coalesce: maybe"), "5:15: destination crm: coalesce must be true or false\n    hint: write true or false, without quotes"},
	{"initial unknown", with("initial: some"), "5:14: destination crm: initial must be all or none, not \"some\"\n    hint: write all to begin with a snapshot of the members, or none"},
	{"initial no text", with("initial: true"), "5:14: destination crm: initial must be a text\n    hint: put quotes around it"},
	{"coalesce quoted", with("coalesce: \"true\""), "5:15: destination crm: coalesce must be true or false\n    hint: write true or false, without quotes"},
	{"rate below", with("rate: -1"), "5:11: destination crm: rate is -1; it must be 0, or from 0.01 to 100000\n    hint: write messages a second, 0 for any number"},
	{"rate above", with("rate: 100001"), "5:11: destination crm: rate is 100001; it must be 0, or from 0.01 to 100000\n    hint: write messages a second, 0 for any number"},
	{"rate in another base", with("rate: 010"), "5:11: destination crm: rate is 010; write it in base 10, without a zero before it"},
	{"rate with a unit", with("rate: 50/s"), "5:11: destination crm: rate must be a number\n" +
		"    hint: write messages a second, as 50 or 0.5, without a unit and quotes"},
	{"rate no number", with("rate: .nan"), "5:11: destination crm: rate must be a number\n" +
		"    hint: write messages a second, as 50 or 0.5, without a unit and quotes"},
	{"timeout without unit", webhookWith("timeout: 10"), "3:24: destination crm: timeout: 10 has no unit\n    hint: write 10s for seconds, 10ms for milliseconds"},
	{"timeout of words", webhookWith("timeout: soon"), "3:24: destination crm: timeout: \"soon\" is no duration\n    hint: write one as 250ms, 5s or 1m30s"},
	{"timeout a list", webhookWith("timeout: [1s]"), "3:24: destination crm: timeout must be a duration\n    hint: write one as 250ms, 5s or 1m30s"},
	{"timeout too short", webhookWith("timeout: 1ms"), "3:24: destination crm: timeout is 1ms; it must be between 100ms and 1m"},
	{"timeout too long", webhookWith("timeout: 2h"), "3:24: destination crm: timeout is 2h; it must be between 100ms and 1m"},
	{"network", webhookWith("allow_networks: [home]"), "3:32: destination crm: allow_networks: \"home\" is no network\n    hint: write one as 10.0.0.0/8 or fd00::/8"},
	{"network of one", webhookWith("allow_networks: [10.0.0.1]"), "3:32: destination crm: allow_networks: 10.0.0.1 is an address, not a network\n" +
		"    hint: write 10.0.0.1/32 for the address alone"},
	{"network with an address", webhookWith("allow_networks: [10.1.0.1/8]"), "3:32: destination crm: allow_networks: 10.1.0.1/8 has bits behind its length\n    hint: write 10.0.0.0/8"},
	{"networks no list", webhookWith("allow_networks: 10.0.0.0/8"), "3:31: destination crm: allow_networks must be a list\n    hint: write a list as [10.0.0.0/8]"},
	{"url a list", strings.Replace(usable, `"https://a.example"`, "[a]", 1), "3:20: destination crm: url must be a text\n    hint: put quotes around it"},
	{"webhook a text", strings.Replace(usable, `{url: "https://a.example"}`, "https://a.example", 1), "3:14: destination crm: the webhook must be a mapping\n" +
		"    hint: the keys are url, secrets, headers, timeout, ca_file, allow_networks, each with a colon behind it"},
	{"secret written out", webhookWith("secrets: [whsec_c2VjcmV0]"), "3:25: destination crm: a secret must not stand in the file itself\n" +
		"    hint: write {env: NAME} or {file: NAME}, and put it there"},
	{"secret as in the configuration", webhookWith(`secrets: ["${CRM}"]`), "3:25: destination crm: a secret must not stand in the file itself\n    hint: write {env: CRM}"},
	{"secret not set", webhookWith("secrets: [{env: MUSTER_NOT_SET}]"), "3:31: destination crm: the environment variable MUSTER_NOT_SET is not set\n" +
		"    hint: set it where the service and evaluator check run"},
	{"secret empty", webhookWith("secrets: [{env: MUSTER_EMPTY}]"), "3:31: destination crm: the environment variable MUSTER_EMPTY is empty\n    hint: set it to the secret"},
	{"secret's file", webhookWith("secrets: [{file: /nowhere/x}]"), "3:32: destination crm: file: open /nowhere/x: no such file or directory\n" +
		"    hint: name a file that holds the secret alone and that the service may read"},
	{"secret's file of lines", webhookWith("secrets: [{file: d.yaml}]"), "3:32: destination crm: file: FILE has several lines; it must hold the password alone\n" +
		"    hint: name a file that holds the secret alone and that the service may read"},
	{"secret from two places", webhookWith("secrets: [{env: MUSTER_SET, file: secret}]"), "3:25: destination crm: a secret must come from one place\n" +
		"    hint: write {env: NAME} or {file: NAME}"},
	{"secret from nowhere", webhookWith("secrets: [{}]"), "3:25: destination crm: a secret must come from one place\n    hint: write {env: NAME} or {file: NAME}"},
	{"secret's key", webhookWith("secrets: [{environment: X}]"), "3:26: destination crm: a secret has no key environment\n    hint: did you mean env?"},
	{"secrets too many", webhookWith("secrets: [{}, {}, {}, {}, {}]"), "3:24: destination crm: secrets has 5 entries; it may have 4\n    hint: take some out"},
	{"secrets no list", webhookWith("secrets: {env: HOME}"), "3:24: destination crm: secrets must be a list\n" +
		"    hint: write a list as [{env: CRM_SECRET}] or [{file: /run/secrets/crm}]"},
	{"headers no mapping", webhookWith("headers: [a]"), "3:24: destination crm: headers must be a mapping\n    hint: write each as X-Team: growth"},
	{"header a number", webhookWith("headers: {X-Team: 1}"), "3:33: destination crm: the header X-Team must be a text\n    hint: put quotes around it"},
	{"header twice", webhookWith("headers: {X-A: b, X-A: c}"), "3:33: destination crm: the header X-A stands twice\n    hint: keep one of them"},
	{"kafka and webhook", with("kafka: {}"), "2:5: destination crm: the destination has webhook and kafka\n    hint: make two destinations of it"},
	{"kafka of nothing", "destinations:\n  - name: lake\n    segments: all\n    kafka:\n", "4:12: destination lake: kafka must be a mapping\n" +
		"    hint: the keys are brokers, topic, members_topic, tls, sasl, timeout, each with a colon behind it"},
	{"kafka's key misspelt", inKafkaWith("broker: [a:1]"), "3:13: destination lake: kafka has no key broker\n    hint: did you mean brokers?"},
	{"key beside kafka", inKafkaWith("segments: all"), "3:13: destination lake: kafka has no key segments\n    hint: it belongs beside kafka:, not under it"},
	{"key of kafka", with("members_topic: m"), "5:5: destination crm: a destination has no key members_topic\n    hint: it belongs under kafka:"},
	{"format in kafka", inKafkaWith("") + "    format: muster\n", "5:5: destination lake: a destination in Kafka has no format\n" +
		"    hint: take it out; its records are CloudEvents with a value as of the format muster"},
	{"template in kafka", inKafkaWith("") + "    template: x\n", "5:5: destination lake: a destination in Kafka has no template\n" +
		"    hint: take it out; its records are CloudEvents with a value as of the format muster"},
	{"concurrency in kafka", inKafkaWith("") + "    concurrency: 2\n", "5:5: destination lake: a destination in Kafka has no concurrency\n" +
		"    hint: take it out; each shard's messages are transactions, one after the other; a larger batch is faster"},
	{"broker without a port", inKafkaWith("topic: t, brokers: [kafka]"), "3:32: destination lake: kafka: brokers: \"kafka\" is not host:port, as in server.internal:6379"},
	{"no brokers, but tls", inKafkaWith("tls: {}"), "3:12: destination lake: kafka: brokers: there are none although tls or sasl are set; " +
		"without brokers, the service's own are used with what its section kafka says"},
	{"topic", inKafkaWith("topic: a b"), "3:20: destination lake: kafka: topic: \"a b\" can't be a topic; " +
		"write 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and -"},
	{"topic of dots", inKafkaWith("members_topic: .."), "3:28: destination lake: kafka: members_topic: \"..\" can't be a topic; " +
		"write 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and -"},
	{"topics are one", inKafkaWith("topic: t, members_topic: t"), "3:38: destination lake: kafka: members_topic: it is t as topic is; changes would be compacted away"},
	{"timeout in kafka", inKafkaWith("timeout: 2h"), "3:22: destination lake: timeout is 2h; it must be between 100ms and 1m"},
	{"tls of no truth", inKafkaWith("tls: {enabled: 1}"), "3:28: destination lake: enabled must be true or false\n    hint: write true or false, without quotes"},
	{"tls in part", inKafkaWith("brokers: [\"a:1\"], tls: {enabled: false, ca_file: ca}"), "3:36: destination lake: kafka: tls.enabled: it is false although other fields of tls are set"},
	{"tls without a key", inKafkaWith("brokers: [\"a:1\"], tls: {cert_file: c}"), "3:36: destination lake: kafka: tls.key_file: the key of cert_file is missing"},
	{"tls of no file", inKafkaWith("brokers: [\"a:1\"], tls: {ca_file: /nowhere/ca}"), "3:36: destination lake: kafka: tls.ca_file: open /nowhere/ca: no such file or directory"},
	{"sasl of no way", inKafkaWith("brokers: [\"a:1\"], sasl: {mechanism: X, username: u, password: {env: MUSTER_SET}}"), "3:37: destination lake: kafka: " +
		"sasl.mechanism: \"X\" is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"},
	{"sasl and tls at once", inKafkaWith("brokers: [\"a:1\"], sasl: {mechanism: PLAIN, username: u}, tls: {key_file: k}"), "3:37: destination lake: kafka: " +
		"sasl.password: it is missing, and so is password_file\nFILE:3:75: destination lake: kafka: tls.cert_file: the certificate of key_file is missing"},
	{"sasl written out", inKafkaWith("brokers: [\"a:1\"], sasl: {password: x}"), "3:48: destination lake: password must not stand in the file itself\n" +
		"    hint: write {env: NAME} or {file: NAME}, and put it there"},
	{"segments a text", strings.Replace(usable, "all", "vip", 1), "4:15: destination crm: segments must be a list\n    hint: write all, or a list as [vip, \"churn-*\"]"},
	{"segments empty", strings.Replace(usable, "all", "[]", 1), "4:15: destination crm: segments is empty, so nothing would be sent\n" +
		"    hint: write all, or a list as [vip, \"churn-*\"]"},
	{"segments all and more", strings.Replace(usable, "all", "[all, vip]", 1), "4:15: destination crm: segments has all and others beside it\n" +
		"    hint: write segments: all, or the list without it"},
	{"segment twice", strings.Replace(usable, "all", "[vip, vip]", 1), "4:21: destination crm: segments has vip twice\n    hint: keep one of them"},
	{"segment no id", strings.Replace(usable, "all", "[VIP]", 1), "4:16: destination crm: \"VIP\" is no id of a segment\n" +
		"    hint: write an id, a pattern as \"vip-*\", or segments: all"},
	{"pattern", strings.Replace(usable, "all", `["vip-[a"]`, 1), "4:16: destination crm: the pattern \"vip-[a\" can't be used\n" +
		"    hint: close each [ with a ], and put a sign behind each \\"},
	{"all at once", "destinations:\n  - name: A\n    webhook: {url: x, timeout: 5}\n    batch: 0\n  - name: b\n    rate: fast\n",
		"2:5: the destination does not say of which segments\n    hint: add segments: all, or a list as [vip, \"churn-*\"]\n" +
			"FILE:2:11: the name \"A\" can't be used\n    hint: a name is 1 to 64 of the characters a-z, 0-9 and -\n" +
			"FILE:3:32: timeout: 5 has no unit\n    hint: write 5s for seconds, 5ms for milliseconds\n" +
			"FILE:4:12: batch is 0; it must be a whole number from 1 to 1000\n" +
			"FILE:5:5: destination b: the destination has neither webhook nor kafka\n    hint: add webhook: with url: and secrets: below it, or kafka: {topic: muster.memberships}\n" +
			"FILE:5:5: destination b: the destination does not say of which segments\n    hint: add segments: all, or a list as [vip, \"churn-*\"]\n" +
			"FILE:6:11: destination b: rate must be a number\n    hint: write messages a second, as 50 or 0.5, without a unit and quotes"},
}

func TestMistakes(t *testing.T) {
	t.Setenv("MUSTER_EMPTY", "")
	t.Setenv("MUSTER_SET", "x")
	for _, c := range unusable {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, folder, "secret", "x\n")
			file := write(t, folder, "d.yaml", c.text)
			read, err := Read(file, nil)
			var mistakes Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("read %v, error %v", read, err)
			}
			want := file + ":" + strings.ReplaceAll(c.want, "FILE", file)
			if err.Error() != want {
				t.Errorf("got\n%s\nwant\n%s", err, want)
			}
		})
	}
}

func write(t *testing.T, folder, name, text string) string {
	t.Helper()
	file := filepath.Join(folder, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
