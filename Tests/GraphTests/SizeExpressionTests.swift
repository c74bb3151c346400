import Graph
import Testing

private func symbol(_ name: String, _ multiple: Int = 1) -> SizeExpression { SizeExpression(SizeSymbol(name, multipleOf: multiple)) }
private func number(_ value: Int) -> SizeExpression { SizeExpression(value) }

/// Sizes as expressions of symbols: equal ones have one form, whose value is that of the arithmetic that made it.
@Suite struct SizeExpressionTests {
    private let h = symbol("H")
    private let w = symbol("W")
    private let even = symbol("H", 2)
    private let many = symbol("H", 32)

    @Test func writesOneForm() {
        #expect("\(h + h)" == "2 * H")
        #expect("\(h * w * h - w)" == "H * H * W - W")
        #expect("\((h + number(1)).dividedRoundingDown(by: 2))" == "floor((H + 1) / 2)")
        #expect("\((number(4) * h + w + number(5)).dividedRoundingDown(by: 4))" == "H + floor((W + 1) / 4) + 1")
        #expect("\((number(2) * h + number(3)).dividedRoundingDown(by: 4))" == "floor((H + 1) / 2)")
        #expect("\((h.dividedRoundingDown(by: 2) + number(1)).dividedRoundingDown(by: 2))" == "floor((H + 2) / 4)")
        #expect("\((number(0) - h).dividedRoundingDown(by: 2))" == "-H + floor(H / 2)")
        #expect("\(h.dividedRoundingUp(by: 2))" == "floor((H + 1) / 2)")
        #expect("\(h - h)" == "0")
        #expect("\(symbol("odd name"))" == "\"odd name\"")
    }

    @Test func knowsMultiples() {
        #expect("\((even + number(1)).dividedRoundingDown(by: 2))" == "H / 2")
        #expect("\((many + number(31)).dividedRoundingDown(by: 32))" == "H / 32")
        #expect("\(many.dividedRoundingDown(by: 3))" == "5 * H / 16 + floor((H / 16) / 3)")
        #expect("\(number(3) * many.dividedRoundingDown(by: 4))" == "3 * H / 4")
        #expect(number(2) * even.dividedRoundingDown(by: 2) == even)
        #expect(many.dividedExactly(by: 16) != nil && many.dividedExactly(by: 64) == nil)
        #expect(SizeSymbol("H", multipleOf: 4).multiple(of: 6).multiple == 12)
    }

    @Test func forgetsMultiples() {
        #expect("\(many.forgettingMultiples)" == "H" && many.forgettingMultiples == h)
        #expect("\(even.remainder(dividingBy: 4).forgettingMultiples)" == "H - 4 * floor(H / 4)")
        #expect("\(many.dividedRoundingDown(by: 64).forgettingMultiples)" == "floor(H / 64)")
        #expect("\((many.dividedRoundingDown(by: 32) * w).forgettingMultiples)" == "W * floor(H / 32)")
        for height in [0, 32, 96] {
            for size in [many * many, many.dividedRoundingDown(by: 3), (many.dividedRoundingDown(by: 16) + w).dividedRoundingDown(by: 5)] {
                #expect(size.forgettingMultiples.evaluate(["H": height, "W": 7]) == size.evaluate(["H": height, "W": 7]))
            }
        }
    }

    @Test func tellsSymbolsAndNumbers() {
        #expect(many.symbol?.name == "H" && (many + many).symbol == nil && (many + number(1)).symbol == nil)
        #expect((h - h).value == 0 && number(7).value == 7 && h.value == nil)
        #expect(Set((h * w.dividedRoundingDown(by: 2)).symbols.map(\.name)) == ["H", "W"])
    }

    /// Arithmetic that leaves the bounds is refused later, and traps nowhere.
    @Test func isBounded() {
        #expect(number(.max).isUnbounded && number(.min).isUnbounded)
        #expect((number(1 << 40) + number(1)).isUnbounded && (number(1 << 30) * number(1 << 30)).isUnbounded)
        #expect((SizeExpression.unbounded - SizeExpression.unbounded).isUnbounded)
        var sum = h
        for index in 2..<200 { sum = sum + (h + number(index)).dividedRoundingDown(by: index * 2 + 1) }
        #expect(sum.isUnbounded)
        var power = h + number(1)
        for _ in 0..<80 { power = power * (h + w) }
        #expect(power.isUnbounded && power.evaluate(["H": 1, "W": 1]) == nil)
        #expect((h * h * h * h).evaluate(["H": 1 << 31]) == nil)
    }

    /// The value of a random expression is that of the arithmetic that it was made by; its text reads back; binding one symbol and then the
    /// other is binding both.
    @Test func keepsItsValue() throws {
        var random = SplitMix(seed: 7)
        for _ in 0..<3000 {
            let multiples = ["H": [1, 2, 6, 32][Int(random.next() % 4)], "W": [1, 3, 16][Int(random.next() % 3)]]
            let values = multiples.mapValues { $0 * (1 + Int(random.next() % 40)) }
            var (expressions, numbers) = (["H", "W"].map { symbol($0, multiples[$0]!) }, ["H", "W"].map { values[$0]! })
            for _ in 0..<8 {
                let (a, b) = (Int(random.next() % UInt64(numbers.count)), Int(random.next() % UInt64(numbers.count)))
                let constant = Int(random.next() % 9) - 4
                let divisor = 2 + Int(random.next() % 6)
                let (expression, value): (SizeExpression, Int)
                switch random.next() % 6 {
                case 0: (expression, value) = (expressions[a] + expressions[b], numbers[a] + numbers[b])
                case 1: (expression, value) = (expressions[a] - expressions[b], numbers[a] - numbers[b])
                case 2 where abs(numbers[a]) < 5000 && abs(numbers[b]) < 5000:
                    (expression, value) = (expressions[a] * expressions[b], numbers[a] * numbers[b])
                case 3: (expression, value) = (expressions[a] + number(constant), numbers[a] + constant)
                case 4:
                    let quotient = (Double(numbers[a]) / Double(divisor)).rounded(.down)
                    (expression, value) = (expressions[a].dividedRoundingDown(by: divisor), Int(quotient))
                default:
                    let quotient = (Double(numbers[a]) / Double(divisor)).rounded(.up)
                    (expression, value) = (expressions[a].dividedRoundingUp(by: divisor), Int(quotient))
                }
                guard !expression.isUnbounded else { continue }
                try #require(expression.evaluate(values) == value, "\(expression) at \(values)")
                expressions.append(expression)
                numbers.append(value)
            }
            for (expression, value) in zip(expressions, numbers) {
                try #require(expression.bound(["H": values["H"]!]).bound(["W": values["W"]!]).value == value, "\(expression)")
                guard value > 0, value < 1 << 20 else { continue }
                let held = multiples.sorted { $0.key < $1.key }.filter { $0.value > 1 }.map { "  where \($0.key) % \($0.value) == 0\n" }
                let text = "graph g {\n\(held.joined())  %0 = input x : f32[N, \(expression)]\n}\n"
                let graph = try Graph(reading: text, catalog: TinyOperators.catalog)
                try #require(graph[Value(0)].type.shape[1] == Dimension(expression), "\(expression)")
                try #require(graph.description == text)
            }
        }
    }

    /// Texts read back up to the bounds: factors, divisors and what is multiplied before it is divided.
    @Test(arguments: [
        (1 << 20 + 1, 1, 1), (1 << 20 + 1, 1 << 20, 1 << 18), (1 << 31, 1 << 31, (1 << 31) - 1), (1 << 31, 3, 1 << 39), (2, 1, 1 << 40),
        (1, 1, (1 << 40) - 1), (1_048_577, 1_048_583, 524_288), (6, 1_048_583, 1 << 30),
    ]) func textsReadBackUpToTheBounds(_ height: Int, _ width: Int, _ coefficient: Int) throws {
        let (h, w) = (symbol("H", height), symbol("W", width))
        let held = [("H", height), ("W", width)].filter { $0.1 > 1 }.map { "  where \($0) % \($1) == 0\n" }.joined()
        let (unit, other) = (try #require(h.dividedExactly(by: height)), try #require(w.dividedExactly(by: width)))
        var read = 0
        for expression in [
            h, unit, unit * number(coefficient), unit * other, unit * other * number(coefficient),
            unit * number(coefficient) + number(coefficient), (unit + other).dividedRoundingDown(by: 1 << 31) * unit * number(coefficient),
        ] where !expression.isUnbounded {
            read += 1
            let text = "graph g {\n\(held)  %0 = input x : f32[N, \(expression), H, W]\n}\n"
            let graph = try Graph(reading: text, catalog: TinyOperators.catalog)
            #expect(graph[Value(0)].type.shape[1] == Dimension(expression), "\(expression)")
            #expect(graph.description == text)
        }
        #expect(read >= 6)
    }

    @Test func constraintsHoldOrNot() throws {
        let text = """
            graph g {
              where H % 32 == 0
              where (2 * H + W) % 3 != 1
              where W >= 64
              where H <= 2 * W
              %0 = input x : f32[N, 3, H, W]
              %1 = weight w zeros : f32[3]
            }

            """
        let graph = try Graph(reading: text, catalog: TinyOperators.catalog)
        #expect(graph.description == text)
        #expect(graph.sizeSymbols == ["H", "W"] && graph.batchSymbol == "N")
        #expect(try graph.bound(sizes: ["H": 64, "W": 64])[Value(0)].type.description == "f32[N, 3, 64, 64]")
        func refusal(_ sizes: [String: Int]) -> String? {
            do { _ = try graph.bound(sizes: sizes) } catch { return "\(error.message); \(error.repair ?? "")" }
            return nil
        }
        #expect(
            refusal(["H": 40, "W": 64])
                == "the network takes sizes with H % 32 == 0 only, and H = 40, W = 64; H of 32 or 64 would do: resize or pad the input")
        #expect(refusal(["H": 32, "W": 63]) == "the network takes sizes with (2 * H + W) % 3 != 1 only, and H = 32, W = 63; ")
        #expect(refusal(["H": 160, "W": 66]) == "the network takes sizes with H <= 2 * W only, and H = 160, W = 66; ")
        #expect(refusal(["W": 0]) == "the size W cannot be 0; sizes lie between 1 and 2147483647")
    }

    @Test(arguments: [
        ("H / 2", "H is no multiple of 2"), ("H - H", "an extent must lie in 1...2147483647, not 0"),
        ("floor(H)", "expected '/', found ')'"),
        ("floor(H / 0)", "a divisor must lie in 1...2147483648, not 0"), ("H *", "expected a size, found ']'"),
        ("H H", "expected ',', found 'H'"),
        ("2147483647 * 2147483647 * H", "this size is too long or too large"),
        (String(repeating: "(", count: 99), "this size nests too deeply"),
    ])
    func refusesTexts(_ size: String, _ message: String) {
        let error = #expect(throws: TextError.self) {
            _ = try Graph(reading: "graph g {\n  %0 = input x : f32[N, \(size)]\n}\n", catalog: TinyOperators.catalog)
        }
        #expect(error?.message == message)
    }
}
