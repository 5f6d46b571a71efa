package supervise

// startsAgain tells whether the container is to be started again, and waits until it is time.
func (s *supervisor) startsAgain(code int, ran bool) bool {
	return false
}
