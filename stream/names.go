package stream

// firstPrefix is the default of redis.prefix, whose deployment has the names
// that every one had before 0.2.0.
const firstPrefix = "m"

// Unnamed is the value of a name that nobody has given. An empty one was
// given, by a variable that is not set perhaps, and is refused.
const Unnamed = "\x00"

// Follow names what is Unnamed after the prefix of the deployment's keys in
// Redis, so that deployments which differ in nothing else have nothing of
// Kafka's in common.
func (c *Config) Follow(prefix string) {
	base := "muster"
	if prefix != firstPrefix {
		base += "-" + prefix
	}
	for _, setting := range []struct {
		name, value string
		at          *string
	}{
		{"", base, &c.ClientID}, // may be any
		{"kafka.group", base, &c.Group},
		{"kafka.keyed", base + "-events", &c.Keyed},
	} {
		if *setting.at != Unnamed {
			continue
		}
		*setting.at = setting.value
		if setting.name != "" && prefix != firstPrefix {
			c.Followed = append(c.Followed, setting.name)
		}
	}
}
