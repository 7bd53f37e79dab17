package activation

// Config is the section destinations of the configuration file. Start from
// DefaultConfig.
type Config struct {
	// Path is a file of destinations, or a folder of *.yaml files of them.
	// Default "": nothing is sent anywhere.
	Path string `yaml:"path"`
}

// DefaultConfig returns a Config without destinations.
func DefaultConfig() Config { return Config{} }
