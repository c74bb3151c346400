/// The value of what cannot fail here, because the same was checked before: a rule on a signature that type inference accepted, what an
/// executable's own plan lists. An error all the same is a mistake in Braid, and ends the process; the message of `fatalError` is printed
/// in optimized builds, too.
package func unfailing<Result, Failure: Error>(_ body: () throws(Failure) -> Result) -> Result {
    do { return try body() } catch { fatalError("what was checked before has failed: \(error)") }
}
