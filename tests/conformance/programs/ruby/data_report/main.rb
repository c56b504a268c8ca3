rows = File.readlines("sales.csv", chomp: true).drop(1).map { |l| r, a = l.split(","); { region: r, amount: a.to_f } }
report = rows.group_by { _1[:region] }.transform_values { |rs| rs.sum { _1[:amount] } }
report.sort_by { |_, v| -v }.each { |k, v| puts format("%-8s%8.2f", k, v) }
File.write("report.txt", report.map { |k, v| "#{k}=#{v}" }.join("\n"))
