import Source
import Testing

@Suite struct SourceFileTests {
    @Test(arguments: [(0, 1, 1), (2, 1, 3), (3, 2, 1), (6, 3, 1), (7, 4, 1), (9, 4, 2), (99, 4, 2)])
    func locatesOffsets(offset: Int, line: Int, column: Int) {
        var map = SourceMap()
        let file = map.add(SourceFile(name: "f", text: "ab\nc\r\n\nä"))
        // The byte offsets: a0 b1 \n2 c3 \r4 \n5 \n6 ä7-8.
        let location = map.location(of: Span(file: file, offset..<offset))
        #expect(location == Source.SourceLocation(file: "f", line: line, column: column))
    }

    /// Columns of a line of any length are counted from marks within it, in characters; every one agrees with counting from its start.
    @Test func locatesOffsetsOfLongLines() {
        let line = String(repeating: "ab ä e\u{301} \u{1F1E9}\u{1F1EA} \u{1F600}", count: 200)
        let text = "first\n" + line + "\nlast"
        var map = SourceMap()
        let source = SourceFile(name: "f", text: text)
        let file = map.add(source)
        for offset in stride(from: 6, through: 6 + line.utf8.count, by: 7) {
            let column = source.text(in: 6..<offset).count + 1
            #expect(map.location(of: Span(file: file, offset..<offset)) == Source.SourceLocation(file: "f", line: 2, column: column))
        }
        let clock = ContinuousClock()
        let long = SourceFile(name: "long", text: String(repeating: "é,", count: 1_000_000))
        var longMap = SourceMap()
        let longFile = longMap.add(long)
        let taken = clock.measure {
            for offset in stride(from: 0, to: 3_000_000, by: 300) { _ = longMap.location(of: Span(file: longFile, offset..<offset)) }
        }
        // Counted from the line's start it would be minutes.
        #expect(taken < .seconds(20))
    }

    @Test func cutsLineBreaks() {
        let file = SourceFile(name: "f", text: "ab\r\n\nc")
        #expect((0..<file.lineStarts.count).map(file.line) == ["ab", "", "c"])
        #expect(SourceFile(name: "e", text: "").line(0) == "")
    }

    @Test func joinsSpans() {
        let file = FileID(rawValue: 0)
        let joined = Span(file: file, 4..<6).joined(to: Span(file: file, 1..<2))
        #expect(joined == Span(file: file, 1..<6))
        #expect(Span.none.joined(to: joined) == joined)
        #expect(joined.joined(to: .none) == joined)
    }

    @Test(
        arguments: [
            ("stide", "stride"), ("reul", "relu"), ("xyz", nil), ("batchnrom", "batchnorm"), ("r", nil), ("paddding", "pad"),
            ("BatchNorm2d", "batchnorm"), ("ReLU", "relu"), ("out_stride", "stride"), ("padded_block", nil),
        ] as [(String, String?)])
    func suggestsNames(name: String, expected: String?) {
        let observed = Spelling.nearest(to: name, in: ["stride", "relu", "batchnorm", "pad"])
        #expect(observed == expected)
    }
}
