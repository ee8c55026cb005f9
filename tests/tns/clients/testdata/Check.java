import java.math.BigDecimal;
import java.sql.*;
import java.util.*;

public class Check {
  static String hex(byte[] b) {
    StringBuilder s = new StringBuilder();
    for (byte x : b) s.append(String.format("%02x", x));
    return s.toString();
  }

  static String told(ResultSet r) throws Exception {
    ResultSetMetaData m = r.getMetaData();
    List<String> out = new ArrayList<>();
    for (int i = 1; i <= m.getColumnCount(); i++) {
      String s;
      switch (m.getColumnTypeName(i)) {
        case "NUMBER": BigDecimal d = r.getBigDecimal(i); s = d == null ? null : d.toPlainString(); break;
        case "RAW": byte[] b = r.getBytes(i); s = b == null ? null : hex(b); break;
        case "DATE": case "TIMESTAMP":
          Timestamp t = r.getTimestamp(i);
          s = t == null ? null : String.format("%s.%06d", t.toString().substring(0, 19), t.getNanos() / 1000);
          break;
        case "CLOB": String c = r.getString(i); s = c.length() + ":" + c.substring(c.length() - 1); break;
        case "BLOB": byte[] l = r.getBytes(i); s = l.length + ":" + hex(Arrays.copyOfRange(l, l.length - 1, l.length)); break;
        default: s = r.getString(i);
      }
      out.add(s == null ? "null" : s);
    }
    return String.join(" ", out);
  }

  public static void main(String[] a) throws Exception {
    java.util.logging.LogManager.getLogManager().reset();
    System.setOut(new java.io.PrintStream(System.out, true, "UTF-8"));
    Properties p = new Properties();
    p.put("user", "ggadmin");
    p.put("password", a[1]);
    p.put("oracle.jdbc.defaultLobPrefetchSize", "-1");
    try (Connection c = DriverManager.getConnection("jdbc:oracle:thin:@//" + a[0] + "/orcl", p)) {
      c.setAutoCommit(false);
      List<String> rows = new ArrayList<>();
      try (PreparedStatement s = c.prepareStatement("SELECT * FROM scalars WHERE n > ?")) {
        s.setFetchSize(40);
        s.setInt(1, -1);
        ResultSet r = s.executeQuery();
        while (r.next()) rows.add(told(r));
      }
      System.out.println("rows " + rows.size());
      for (int n : new int[] {0, 7, 8, 249}) System.out.println(rows.get(n));
      rows.clear();
      try (Statement s = c.createStatement()) {
        ResultSet r = s.executeQuery("SELECT * FROM lobs");
        while (r.next()) rows.add(told(r));
        System.out.println("lobs " + rows.size() + " " + rows.get(0) + " " + rows.get(1));
        try {
          s.executeUpdate("DELETE FROM missing");
        } catch (SQLException e) {
          System.out.println("error " + e.getErrorCode());
        }
        try {
          r = s.executeQuery("SELECT * FROM broken");
          while (r.next()) ;
        } catch (SQLException e) {
          System.out.println("error " + e.getErrorCode());
        }
      }
      try (PreparedStatement s = c.prepareStatement("INSERT INTO t VALUES (?, ?, ?, ?)")) {
        s.setBigDecimal(1, new BigDecimal("-12.5"));
        s.setString(2, "Größe");
        s.setNull(3, Types.VARCHAR);
        s.setBytes(4, new byte[] {1, -1});
        System.out.println("inserted " + s.executeUpdate());
      }
      c.commit();
      try (PreparedStatement s = c.prepareStatement("INSERT INTO t VALUES (?, ?)")) {
        String[] texts = {"a", null, "ccc"};
        for (int i = 0; i < 3; i++) {
          s.setInt(1, i + 1);
          s.setString(2, texts[i]);
          s.addBatch();
        }
        int n = 0;
        for (int one : s.executeBatch()) n += one;
        System.out.println("inserted " + n);
      }
      c.rollback();
      try (CallableStatement s = c.prepareCall("BEGIN ? := 'x'; ? := 1; END;")) {
        s.registerOutParameter(1, Types.VARCHAR);
        s.registerOutParameter(2, Types.INTEGER);
        s.execute();
        System.out.println("out " + s.getString(1) + " " + s.getInt(2));
      }
      if (!c.isValid(20)) throw new Exception("the ping failed");
    }
  }
}
