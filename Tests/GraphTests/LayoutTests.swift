import Graph
import Testing

@Suite struct LayoutTests {
    @Test func lastAxisVariesFastest() {
        #expect(rowMajorStrides([2, 3, 4]) == [12, 4, 1])
        #expect(rowMajorStrides([]) == [])
    }

    /// A weight `[20, 3, 3, 3]` as `OIhw16i16o` is stored as `[2, 1, 3, 3, 16, 16]`.
    @Test func stridesAreThoseOfWhatIsStored() {
        let layout = Layout([.init(axis: 1, size: 16), .init(axis: 0, size: 16)])
        #expect(layout.storedStrides([20, 3, 3, 3]) == [2304, 2304, 768, 256, 16, 1])
        #expect(layout.offset(of: [17, 2, 1, 0], in: [20, 3, 3, 3]) == 2304 + 768 + 2 * 16 + 1)
    }
}
