/// The FNV-1a hash of a text in 64 bits (Fowler, Noll & Vo; RFC 9923): the same in every run and on every machine, unlike Swift's own.
/// It tells texts apart that nobody has chosen to collide; for others there is `SHA256`.
package func stableHash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
