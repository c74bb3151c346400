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
}
