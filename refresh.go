package switchboard

// refreshKey marks the ctx of OnRefresh.
type refreshKey struct{}
