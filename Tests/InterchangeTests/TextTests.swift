import Interchange
import Testing

@Suite struct TextTests {
    /// Values from the authors' own test suite (http://www.isthe.com/chongo/tech/comp/fnv).
    @Test(arguments: [("", 0xcbf2_9ce4_8422_2325 as UInt64), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)])
    func hashesAreThoseOfFNV1a(text: String, hash: UInt64) { #expect(stableHash(text) == hash) }

    @Test(arguments: [
        ("a < b && \"c\" > 'd'", "a &lt; b &amp;&amp; &quot;c&quot; &gt; &apos;d&apos;"), ("two\nlines\t", "two\nlines\t"),
        ("\u{0}\u{1B}\u{85}\u{FFFF}", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"), ("Größe 😀", "Größe 😀"),
    ])
    func textIsEscapedForXML(text: String, escaped: String) { #expect(text.escapedForXML == escaped) }

    /// Sizes as options take them.
    @Test func readsSizes() {
        let sizes: [(String, Int?)] = [
            ("2GB", 2_000_000_000), ("512MB", 512_000_000), ("1.5GiB", 1_610_612_736), ("3 kb", 3000), ("7B", 7), ("1KiB", 1024),
            ("2TB", 2_000_000_000_000),
            ("", nil), ("2", nil), ("2G", nil), ("GB", nil), ("-1GB", nil), ("0B", nil), ("0.4B", nil), ("1iB", nil), ("1e3MB", nil),
            ("nanMB", nil),
            ("999999999999999TB", nil), ("2GBs", nil),
        ]
        for (text, bytes) in sizes { #expect(MachineMemory.bytes(text) == bytes, "\(text)") }
    }
}
