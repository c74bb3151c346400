import Foundation
import Recipes
import Testing

/// Patterns of names against the C library's.
@Suite struct NamePatternTests {
    @Test func matchesAsTheLibraryDoes() {
        let names = [
            "", "a", "fc.weight", "layer1.0.conv1.weight", "layer1.0.bn1.running_mean", "a-b", "a]b", "a[b", "a*b", "a\\b", "ab", "^",
            "aaaaab",
        ]
        let patterns = [
            "", "*", "**", "?", "a*", "*b", "*.weight", "layer1.*", "layer?.[0-3].*", "layer1.0.conv[!2].weight", "fc.w?ight", "a[]x]b",
            "a[!]]b",
            "a[a-]b", "a[-a]b", "a[", "a[b", "[", "[]", "a\\*b", "a\\\\b", "a[\\]]b", "*a*a*a*b", "[^a]", "[!^]", "*.*.*", "[a-cx-z]b",
            "a?b",
        ]
        for pattern in patterns {
            for name in names {
                #expect(NamePattern(pattern).matches(name) == (fnmatch(pattern, name, 0) == 0), "\(pattern) and \(name)")
            }
        }
    }

    @Test func tellsWhatStarsStandFor() {
        for (pattern, name, expected) in [
            ("backbone.*", "backbone.conv.weight", ["conv.weight"]),
            ("*.bn?.*", "layer1.0.bn1.running_mean", ["layer1.0", "running_mean"]),
            ("*", "a", ["a"]), ("*", "", [""]), ("a*", "a", [""]), ("a", "a", []), ("*.*", "a.b.c", ["a", "b.c"]),
            ("*a*", "banana", ["b", "nana"]),
            ("*a*b", "aabab", ["", "aba"]), ("x**y", "xzy", ["z"]), ("a", "b", nil), ("*.weight", "bias", nil), ("é*", "éü", ["ü"]),
        ] as [(String, String, [String]?)] {
            #expect(NamePattern(pattern).captures(of: name) == expected, "\(pattern) and \(name)")
            #expect(NamePattern(pattern).captures(of: name)?.count ?? NamePattern(pattern).starCount == NamePattern(pattern).starCount)
        }
    }

    @Test func takesNoLongerThanBothLengths() {
        let name = String(repeating: "a", count: 20_000)
        let start = ContinuousClock.now
        #expect(!NamePattern(String(repeating: "*a", count: 200) + "*b").matches(name))
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func isNearPatternsThatMatch() {
        let found = NamePattern.candidates(for: ["layer1.conv.weight", "fc.bias"])
        #expect(found == ["layer1.conv.weight", "layer1.*", "layer1.conv.*", "*.conv.weight", "*.weight", "fc.bias", "fc.*", "*.bias"])
    }
}
