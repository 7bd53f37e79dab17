package sink

import (
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"muster/credentials"
)

// NeedsOperator reports whether an error is about how this program connects:
// Redis refuses its user or what the user wants to do, one side does not
// trust the other's certificate, or a file with either can't be read. Trying
// again at once can't help; trying again later can, once somebody has mended
// the ACL, the certificate or the file.
func NeedsOperator(err error) bool {
	var handshake *credentials.HandshakeError
	var file *credentials.FileError
	return errors.As(err, &handshake) || errors.As(err, &file) || redis.IsAuthError(err) || redis.IsPermissionError(err)
}

// explain adds what to do to an error about the ACL user or about a key that
// somebody else has written.
func (c Config) explain(err error) error {
	user := "the default user"
	if c.Username != "" {
		user = fmt.Sprintf("user %q", c.Username)
	}
	switch {
	case err == nil:
		return nil
	case redis.IsAuthError(err) && !c.authenticated():
		return fmt.Errorf("redis wants a password: set redis.username and redis.password_file or redis.password: %w", err)
	case redis.IsAuthError(err):
		return fmt.Errorf("redis refuses %s: check redis.username and the password, and that the user is on: %w", user, err)
	case redis.IsPermissionError(err):
		return fmt.Errorf("redis lets %s not do this: give it the permissions listed in docs/operations.md under Security: %w", user, err)
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		return fmt.Errorf("another program writes at a key of Muster's: stop it and restore the shard from a backup: %w", err)
	}
	return err
}
