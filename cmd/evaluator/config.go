package main

import "muster/config"

// readConfig reads and checks a configuration file. Whatever is wrong with
// it makes it unusable.
func readConfig(path string) (config.Config, error) {
	c, err := config.Read(path)
	if err != nil {
		return c, unusable(err)
	}
	return c, nil
}
