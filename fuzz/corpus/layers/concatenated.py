password = ('abc'
  'def' + "ghi" . 'jkl') \
 'x'
