import Graph
import Interchange

extension HostTensor {
    /// Converts the elements, of any type, which are to be whole numbers, without a copy of all of them as 64-bit ones.
    ///
    /// - Parameter convert: what becomes of one; nil where it is not of those that are wanted.
    /// - Returns: the values up to the first that is none of them, and what that is.
    func wholeNumbers<Value>(_ convert: (Int64) -> Value?) -> (values: [Value], wrong: (index: Int, text: String)?) {
        var values: [Value] = []
        values.reserveCapacity(count)
        for start in stride(from: 0, to: count, by: 1 << 16) {
            let end = min(count, start + 1 << 16)
            let piece = HostTensor(
                element: element, shape: [end - start], bytes: Array(bytes[start * element.size..<end * element.size]))
            if let integers = piece.integers {
                for number in integers {
                    guard let value = convert(number) else { return (values, (values.count, "\(number)")) }
                    values.append(value)
                }
            } else {
                for number in piece.doubles {
                    guard let value = Int64(exactly: number).flatMap(convert) else { return (values, (values.count, "\(number)")) }
                    values.append(value)
                }
            }
        }
        return (values, nil)
    }
}
