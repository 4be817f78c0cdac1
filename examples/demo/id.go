package demo

import (
	"crypto/sha256"
	"encoding/base64"
)

// PublicID is by which the people on other connections may know the one on
// this: it follows from the connection's id, which does not follow from it. That
// itself is no secret either, but for clients that negotiate version 0, who have
// no other; see endpoint.Options.MinimumProtocolVersion.
func PublicID(connectionID string) string {
	sum := sha256.Sum256([]byte("person " + connectionID))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
