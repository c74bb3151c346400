import Graph
import Operators
import Testing

/// The order that `top_k` puts elements in where values are equal, infinite or no numbers, beside a stable sort.
@Suite struct TopKTests {
    private static let row: [Double] = [1, .nan, -.infinity, 3, 1, .infinity, .nan, -0.0, 0, 3, -2]

    @Test(arguments: [true, false]) func ordersAsAStableSort(isDescending: Bool) throws {
        let row = Self.row
        let positions = try Self.top(row.count, part: 1, isDescending)
        // A NaN is larger than all numbers.
        func isBefore(_ a: Double, _ b: Double) -> Bool { a.isNaN ? false : b.isNaN || a < b }
        let sorted = row.indices.sorted { first, second in
            let (a, b) = isDescending ? (row[second], row[first]) : (row[first], row[second])
            return isBefore(a, b) || !isBefore(b, a) && first < second
        }
        #expect(positions == sorted.map(Double.init))
        let elements = try Self.top(4, part: 0, isDescending)
        // A sum with zeros does not keep the sign of a zero.
        #expect(zip(elements, sorted).allSatisfy { $0 == row[$1] || $0.isNaN && row[$1].isNaN })
        #expect(elements.count == 4)
    }

    private static func top(_ count: Int, part: Int, _ isDescending: Bool) throws -> [Double] {
        let builder = GraphBuilder(name: "top")
        let x = builder.input("x", .f32(1, .fixed(row.count)))
        let attributes: Attributes = ["count": .integer(count), "part": .integer(part), "largest": .boolean(isDescending)]
        builder.output("y", builder.apply(.topK, x, attributes: attributes))
        let graph = builder.finish().decomposed(mode: .inference)
        return try #require(run(graph, ["x": ReferenceTensor([1, row.count], row)]).outputs["y"]).values
    }
}
